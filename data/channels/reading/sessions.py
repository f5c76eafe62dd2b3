"""A session whose turns stand on lines of their own, put together once the day's files are read.

Labels count a session's turns, so a session with one line that cannot be read is a problem as a whole. So is one
with two customers (a group chat, ids that a spreadsheet rounded): a dialogue is one person's, and nobody's words may
stand under another's pseudonym.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from data.channels.base import ParsedDialogue, RawTurn, two_customers
from data.channels.reading.files import OwnedRow, Problem
from data.channels.reading.gathered import SessionGatherer
from kefu.privacy.pseudonyms import pseudonym


class SessionLine(NamedTuple):
    """What one line says of its session.

    Attributes:
        raw: what stood there, as people may see it.
        reason: why the line cannot be read; "" when it can.
        customer: the source's id of the person, also of a line that cannot be read, where it is known.
        role: who spoke; "" when the line is not a turn.
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


def shared_session(session: str, rows: Sequence[OwnedRow]) -> Problem | None:
    """Why a session is nobody's dialogue, when its rows name more than one customer."""
    first = dict[str, str]()  # customer → where they are named first
    several = len({row.file for row in rows}) > 1
    for row in rows:
        if row.customer:
            first.setdefault(row.customer, f"{row.file} line {row.line}" if several else f"line {row.line}")
    if len(first) < 2:
        return None
    raw = "\n".join(row.raw for row in rows)
    return Problem(rows[0].file, rows[0].line, two_customers(first), raw, session, tuple(rows))


def dialogue(session: str, lines: Iterable[SessionLine]) -> ParsedDialogue | Problem:
    """The session that its lines make, in their order; for the first reason, if there is one, none."""
    said = list(lines)
    if len({one.customer for one in said if one.customer}) > 1:
        rows = [OwnedRow(o.file, o.line, o.raw, pseudonym(o.customer) if o.customer else "") for o in said]
        if shared := shared_session(session, rows):
            return shared
    file, line, raw = said[0].file, said[0].line, "\n".join(one.raw for one in said)
    if reason := next((one.reason for one in said if one.reason), ""):
        return Problem(file, line, f"session is incomplete: {reason}", raw)
    return ParsedDialogue(
        file,
        line,
        raw,
        session,
        customer=next((one.customer for one in said if one.customer), None),
        turns=[RawTurn(one.role, one.text, one.time) for one in said if one.role],
        outcome=next((one.outcome for one in reversed(said) if one.outcome), None),
        csat=next((one.csat for one in reversed(said) if one.csat is not None), None),  # type: ignore[arg-type]
    )


def dialogues(gathered: SessionGatherer) -> Iterable[ParsedDialogue | Problem]:
    """All sessions whose lines were gathered as ``SessionLine``."""
    return (dialogue(session, (SessionLine(*line) for line in lines)) for session, lines in gathered.sessions())
