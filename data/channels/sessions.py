"""A session whose turns stand on lines of their own, gathered until the day's files are read.

Labels count a session's turns, so a session with one line that cannot be read is a problem as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from data.channels.base import Parsed, RawTurn
from data.channels.files import Problem


@dataclass(slots=True)
class Session:
    """What is known so far; ``file`` and ``line`` are those of its first line."""

    file: str
    line: int
    customer: str = ""
    outcome: str | None = None
    csat: Any = None
    turns: list[RawTurn] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    reason: str = ""

    def fail(self, reason: str) -> None:
        """One of its lines cannot be read; the first reason counts."""
        self.reason = self.reason or reason

    def result(self, session: str) -> Parsed | Problem:
        raw = "\n".join(self.rows)
        if self.reason:
            return Problem(self.file, self.line, f"session is incomplete: {self.reason}", raw)
        return Parsed(self.file, self.line, raw, session, self.customer or None, self.turns, self.outcome, self.csat)
