"""What runs a language model, whichever way: the one interface of serving's dialogue and of evaluation.

``serving/engines/transformers.py`` implements it. Loading, batching and devices are the engine's own business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

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
        """Returns the summed negative log-likelihood (nats) of the assistant's tokens, and how many they are."""
        ...
