"""What runs a language model, whichever way: the one interface of serving's dialogue and of evaluation.

``serving/engines/transformers.py`` implements it. Loading, batching and devices are the engine's own business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from kefu.schema import Message


class EngineError(RuntimeError):
    """The model could not answer; the message says which model and why."""


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
