"""Ending what a model writes before its end, because whoever waits for it wants no more."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """Nobody wants the rest of what a model writes."""


def until_stopped(pieces: Iterator[T], stop: threading.Event | None) -> Generator[T]:
    """The pieces of an engine's answer, which is closed within one step of ``stop``: the model is free then.

    Args:
        stop: may be set by any thread; None: never. Set before the first piece, the engine is not asked at all.

    Raises:
        Stopped: ``stop`` was set. What a reader has held back of the pieces is not said.
    """
    try:
        if stop is not None and stop.is_set():
            raise Stopped
        for piece in pieces:
            if stop is not None and stop.is_set():
                raise Stopped
            yield piece
    finally:
        if isinstance(pieces, Generator):
            pieces.close()
