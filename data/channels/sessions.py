"""A session whose turns stand on lines of their own, put together once the day's files are read.

Labels count a session's turns, so a session with one line that cannot be read is a problem as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from data.channels.base import Parsed, RawTurn
from data.channels.files import Problem
from data.channels.gathered import Gathered


class Said(NamedTuple):
    """What one line says of its session.

    Attributes:
        raw: what stood there, as people may see it.
        reason: why the line cannot be read; "" when it can.
        role: who spoke; "" when the line is no turn.
    """

    file: str
    line: int
    raw: str
    reason: str = ""
    customer: str = ""
    outcome: str | None = None
    csat: int | str | None = None
    role: str = ""
    text: str = ""
    time: str | None = None


def dialogue(session: str, lines: Iterable[Said]) -> Parsed | Problem:
    """The session that its lines make, in their order; for the first reason, if there is one, none."""
    said = list(lines)
    file, line, raw = said[0].file, said[0].line, "\n".join(one.raw for one in said)
    if reason := next((one.reason for one in said if one.reason), ""):
        return Problem(file, line, f"session is incomplete: {reason}", raw)
    return Parsed(
        file,
        line,
        raw,
        session,
        customer=next((one.customer for one in said if one.customer), None),
        turns=[RawTurn(one.role, one.text, one.time) for one in said if one.role],
        outcome=next((one.outcome for one in reversed(said) if one.outcome), None),
        csat=next((one.csat for one in reversed(said) if one.csat is not None), None),  # type: ignore[arg-type]
    )


def dialogues(gathered: Gathered) -> Iterable[Parsed | Problem]:
    """All sessions whose lines were gathered as ``Said``."""
    return (dialogue(session, (Said(*line) for line in lines)) for session, lines in gathered.sessions())
