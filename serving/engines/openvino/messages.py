"""What the engine and its process tell each other; imports no OpenVINO, which the parent need not load."""

from __future__ import annotations

from typing import Any, NamedTuple


class Setup(NamedTuple):
    """The pipeline. properties: of OpenVINO's CPU plugin."""

    folder: str
    chats: int
    cache_gb: int
    properties: dict[str, Any]


class Begin(NamedTuple):
    """A chat to continue: it ends at one of ``stop_ids`` or after ``limit`` tokens. grammar: in xgrammar's EBNF."""

    chat: int
    ids: list[int]
    limit: int
    stop_ids: frozenset[int]
    grammar: str | None = None


class Cancel(NamedTuple):
    """A chat that nobody waits for."""

    chat: int


class Ready(NamedTuple):
    """The model is loaded."""


class Progress(NamedTuple):
    """What a step added to a chat; ``error`` says why it ended without a stop or its limit."""

    chat: int
    ids: list[int]
    log_probs: list[float]
    is_done: bool
    error: str | None = None


class Report(NamedTuple):
    """What a step did. cache_usage: share of the key-value cache in use."""

    progress: list[Progress]
    cache_usage: float
