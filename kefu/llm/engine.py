"""What runs a language model, whichever way: the one interface of serving's dialogue and of evaluation.

``Engine`` is what a dialogue needs. ``LoadedEngine`` is what ``serving/engines`` implements, over transformers,
OpenVINO and vLLM: each token with its log-probability, a bound on how many chats it takes, a deadline, and its state.
Streams are iterators, used by the thread of their chat; one that is closed before its end is cancelled within one
token. Loading, batching and devices are the engine's own business.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from kefu.schema import Message


class EngineError(RuntimeError):
    """The model could not answer; the message says which model and why."""


class EngineBusy(EngineError):
    """The engine has as many chats as it takes: the same request may succeed in a moment."""


class DeadlineExceeded(EngineError):
    """The answer was not finished in time."""


@dataclass(frozen=True)
class Usage:
    """Tokens of an answer: of its prompt, and new ones, without the one that ended it."""

    prompt_tokens: int
    new_tokens: int


@dataclass(frozen=True)
class Step:
    """What an engine has added to an answer.

    text: characters that became whole; joined over all steps they are the message. ids: new tokens, without the one
    that ended the message. log_probs: nats, one for each id, by the model itself, whatever a grammar forbids.
    finish, usage: of the last step alone; 'stop' when the message ended by itself, 'length' at the limit of tokens.
    ``CountingEngine.complete`` also begins with a usage.
    """

    text: str
    ids: tuple[int, ...] = ()
    log_probs: tuple[float, ...] = ()
    finish: Literal["stop", "length"] | None = None
    usage: Usage | None = None

    def __add__(self, later: Step) -> Step:
        """Both as one step."""
        return Step(
            self.text + later.text, self.ids + later.ids, self.log_probs + later.log_probs, later.finish, later.usage
        )


@dataclass(frozen=True)
class EngineStats:
    """An engine's state.

    in_flight: chats that it answers, or that wait in it. capacity: how many it takes. tokens: new ones since it was
    loaded. last_step_age_s: seconds since it last made a token, 0 when nothing is in flight; what has grown to many
    seconds is stuck. restarts: of its process. cache_usage: share of the key-value cache that is in use.
    """

    in_flight: int
    capacity: int
    tokens: int
    last_step_age_s: float
    restarts: int = 0
    cache_usage: float = 0.0


class Engine(Protocol):
    """A model that continues a chat."""

    name: str

    def stream(self, messages: Sequence[Message], max_new_tokens: int) -> Iterator[str]:
        """Yields pieces of the assistant's next message, greedily decoded; joined they are the message.

        Raises:
            EngineError: the model failed.
        """
        ...

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        """Returns the negative log-likelihood (nats) of the last message with its end, and how many tokens it has."""
        ...


@runtime_checkable
class CountingEngine(Engine, Protocol):
    """An engine that also tells how an answer ended, and of how many tokens it is."""

    def complete(self, messages: Sequence[Message], max_new_tokens: int) -> Generator[Step]:
        """As ``stream``, in steps. The first one is empty: its usage tells how long the prompt is."""
        ...


class BatchEngine(Engine, Protocol):
    """An engine that says how many chats share a step of the model (``at_once``); more of them wait."""

    at_once: int


class LoadedEngine(CountingEngine, BatchEngine, Protocol):
    """An engine of a release, with what whoever runs it needs to know."""

    def generate(self, ids: Sequence[int], max_new_tokens: int, deadline_s: float | None = None) -> Iterator[Step]:
        """Yields the greedy continuation of a rendered prompt.

        Args:
            deadline_s: seconds from the first step asked for to the last given; None: the engine's own.

        Raises:
            EngineBusy: ``stats().capacity`` chats are in flight.
            DeadlineExceeded: it took longer.
            EngineError: the model failed, or the ids are none of it or too many.
        """
        ...

    def stats(self) -> EngineStats:
        """The state at this moment."""
        ...

    def close(self) -> None:
        """Ends what the engine has started; what is in flight gets an EngineError."""
        ...


@runtime_checkable
class GrammarEngine(Engine, Protocol):
    """An engine that can keep its words inside a grammar."""

    def stream_in_grammar(self, messages: Sequence[Message], max_new_tokens: int, grammar: str) -> Iterator[str]:
        """As ``stream``; only what the grammar allows is written.

        Args:
            grammar: a Lark grammar of llguidance. What ``max_new_tokens`` cuts off may be incomplete.

        Raises:
            EngineError: the model failed, or the grammar is not valid.
        """
        ...
