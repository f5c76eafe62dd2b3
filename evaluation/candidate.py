"""What is evaluated: one opened release, as serving runs it.

Evaluation knows protocols only; ``pipelines/evaluate.py`` hands in what serving built. So the figures
belong to the artefact that will be served, and this package needs no server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from kefu.intents.router import Router
from kefu.knowledge.index import Index
from kefu.schema import Example, Message

Name = Literal["challenger", "champion"]


class Engine(Protocol):
    """A language model: ``serving.engines.protocol.Engine`` with a loss."""

    name: str

    def stream(self, messages: Sequence[Message], max_new_tokens: int) -> Iterator[str]:
        """Pieces of the next message, greedily decoded."""
        ...

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        """Summed negative log-likelihood (nats) of the assistant's tokens, and how many they are."""
        ...


class Said(Protocol):
    """The part of serving's reply that a golden conversation may expect something of."""

    @property
    def text(self) -> str: ...
    @property
    def intent(self) -> str: ...
    @property
    def route(self) -> str: ...
    @property
    def flow(self) -> str | None: ...
    @property
    def asks(self) -> str | None: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def slots(self) -> dict[str, str]: ...


class Talk(Protocol):
    """A conversation with the whole assistant, on a shop database of its own."""

    def say(self, text: str) -> Said:
        """The customer's message in, the answer out."""
        ...

    def query(self, sql: str) -> list[dict[str, object]]:
        """Rows of the shop database as the conversation left it."""
        ...


class Talks(Protocol):
    def __call__(self, customer: str | None) -> Talk:
        """Begins a conversation of this customer (None: a stranger) in a freshly built shop."""
        ...


@dataclass
class Subject:
    """An opened release. ``version`` is its content hash; ``engines`` are 'centre' and 'edge'."""

    name: Name
    version: str
    router: Router
    index: Index
    engines: Mapping[str, Engine]
    talks: Talks
    _answers: dict[tuple[str, str], str] = field(default_factory=dict)

    def answer(self, engine: str, example: Example, max_new_tokens: int) -> str:
        """The engine's answer to the example's prompt; asked once, remembered for other suites."""
        key = engine, example.id
        if key not in self._answers:
            pieces = self.engines[engine].stream(example.messages[:-1], max_new_tokens)
            self._answers[key] = "".join(pieces).strip()
        return self._answers[key]
