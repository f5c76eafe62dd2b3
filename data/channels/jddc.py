"""JDDC's chat.tsv, one turn a line: session, customer, is-agent, two flags, SKU, text.

``nan`` is what the set's authors' tool wrote for no text. Sessions are gathered over the whole day: their
lines may be interleaved. One with a line that cannot be read is a problem as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from data.channels.base import Inputs, Line, Parsed, Problem, RawTurn, all_lines
from data.channels.sessions import Session
from kefu.secret import pseudonym

_COLUMNS = 7
_ROLES = {"0": "customer", "1": "agent"}


def _add(session: Session, line: Line, cells: list[str]) -> None:
    session.rows.append("\t".join([*cells[:1], *map(pseudonym, cells[1:2]), *cells[2:]]))  # people may read it
    if len(cells) != _COLUMNS:
        session.fail(f"line {line.number}: {len(cells)} columns instead of {_COLUMNS}")
    elif cells[2] not in _ROLES:
        session.fail(f"line {line.number}: column 3 is {cells[2]!r}, neither 0 nor 1")
    else:
        session.customer = session.customer or cells[1]
        session.turns.append(RawTurn(_ROLES[cells[2]], "" if cells[6] == "nan" else cells[6]))


def parse(inputs: Inputs) -> Iterator[Parsed | Problem]:
    """Problems of single lines first, then the sessions in order of their first lines."""
    sessions: dict[str, Session] = {}
    previous, stray = "", 0  # a stray line between two of one session probably was one of its turns
    for line in all_lines(inputs):
        if isinstance(line, Problem) or "\t" not in line.text:
            stray = line.line if isinstance(line, Problem) else line.number
            yield line if isinstance(line, Problem) else Problem(line.file, stray, "no tab in the line", line.text)
            continue
        cells = line.text.split("\t", _COLUMNS - 1)
        current = sessions.setdefault(cells[0], Session(line.file, line.number))
        if stray and previous == cells[0]:
            current.fail(f"line {stray} cannot be read")
        _add(current, line, cells)
        previous, stray = cells[0], 0
    for name, gathered in sessions.items():
        yield gathered.result(name)
