"""The log that serving writes, one turn a line, one file a replica::

    {"session": "s1", "customer": "c_…", "time": "…", "role": "customer", "text": "…", "outcome": "resolved"}

Text is redacted and the customer a pseudonym already. A session's turns are gathered over the day, in
the order of the file, or of time when several replicas served it. A turn that was written twice, since its writer died
before it could say that it had, is there once: the first line of a ``message`` and role counts. A line that cannot be
read (the last one of a killed replica) is a problem; the session keeps the turns that were written. One with two
customers is a problem as a whole. An answer that its customer stopped (``"stopped": true``) is a turn without words:
half an answer teaches nothing. ``flow_version`` of an answer tells the flow that it was given in. A line with ``csat``
instead of role and text is the customer's rating; the last counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from data.channels.base import BadRow, Inputs, Line, ParsedDialogue, Problem, RawTurn, all_lines, decode
from data.channels.reading.files import OwnedRow
from data.channels.reading.gathered import SessionGatherer, parts
from data.channels.reading.sessions import shared_session
from kefu.privacy.pseudonyms import is_pseudonym, pseudonym

_NEEDED = ("session", "time", "role", "text")
_NEEDED_OF_RATING = ("session", "time")
_FLOW_VERSION = re.compile(r"[\w-]{1,64}@[0-9a-f]{8}", re.ASCII)


def _row(line: Line) -> dict[str, Any]:
    row = decode(line.text)
    for name in _NEEDED_OF_RATING if _is_rating(row) else _NEEDED:
        if not isinstance(row.get(name), str):
            raise BadRow(f"{name}: expected text, got {type(row.get(name)).__name__}")
    if not isinstance(row.get("customer"), str | None):
        raise BadRow("customer: expected text or null")
    return row


def _dialogue(session: str, rows: list[tuple[Line, dict[str, Any]]]) -> ParsedDialogue | Problem:
    if shared := shared_session(session, [_owned(line, row) for line, row in rows]):
        return shared
    if len({line.file for line, _ in rows}) > 1:
        rows.sort(key=lambda pair: pair[1]["time"])
    csat = next((row["csat"] for _, row in reversed(rows) if _is_rating(row)), None)
    turns = _once([pair for pair in rows if not _is_rating(pair[1])])
    first = rows[0][0]
    if not turns:
        return Problem(first.file, first.number, "a rating alone: its conversation is of another day", first.text)
    return ParsedDialogue(
        first.file,
        first.number,
        "\n".join(line.text for line, _ in turns),
        session,
        customer=next((row["customer"] for _, row in rows if row.get("customer")), None),
        turns=[_turn(row) for _, row in turns],
        outcome=next((row["outcome"] for _, row in reversed(turns) if row.get("outcome")), None),
        csat=csat,
        pseudonymous=True,
    )


def _turn(row: dict[str, Any]) -> RawTurn:
    flow = row.get("flow_version")
    known = isinstance(flow, str) and _FLOW_VERSION.fullmatch(flow)
    return RawTurn(row["role"], "" if row.get("stopped") else row["text"], row["time"], flow if known else None)


def _is_rating(row: dict[str, Any]) -> bool:
    return "csat" in row and "role" not in row


def _once(rows: list[tuple[Line, dict[str, Any]]]) -> list[tuple[Line, dict[str, Any]]]:
    """The rows without those that say again what a message's turn was."""
    seen: set[tuple[str, str]] = set()
    once = []
    for line, row in rows:
        turn = (row["message"], row["role"]) if isinstance(row.get("message"), str) else None
        if turn is None or turn not in seen:
            once.append((line, row))
        if turn:
            seen.add(turn)
    return once


def _owned(line: Line, row: dict[str, Any]) -> OwnedRow:
    customer = row.get("customer") or ""
    if customer and not is_pseudonym(customer):
        customer = pseudonym(customer.encode(errors="replace").decode())
    return OwnedRow(line.file, line.number, line.text, customer)


def parse(inputs: Inputs) -> Iterator[ParsedDialogue | Problem]:
    """Problems of single lines first, then the sessions in order of their first lines (see ``gathered``)."""
    with SessionGatherer(parts(inputs.files)) as gathered:
        for line in all_lines(inputs):
            if isinstance(line, Problem):
                yield line
                continue
            try:
                gathered.add(_row(line)["session"], line)
            except BadRow as error:
                yield Problem(line.file, line.number, str(error), line.text)
        for session, lines in gathered.sessions():
            yield _dialogue(session, [(line, _row(line)) for line in map(Line._make, lines)])
