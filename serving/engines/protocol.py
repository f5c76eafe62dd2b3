"""What runs a language model, whichever way: the one interface that dialogue and evaluation know.

Transformers is the first engine (``serving/engines/transformers.py``); vLLM and an int4 engine stand
behind the same protocol later. Loading, batching and devices are the engine's own business.
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
        """Pieces of the assistant's next message, in order; joined they are the message.

        Raises:
            EngineError: the model failed.
        """
        ...
