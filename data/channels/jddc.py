"""JDDC's chat.tsv, one turn a line: session, customer, is-agent, two flags, SKU, text.

Labels of this set count a session's lines, so a kept session keeps all its lines in order; one that
cannot keep them all is a problem as a whole. ``nan`` is what the set's authors' tool wrote for no text.
Sessions are gathered over the whole day: their lines may be interleaved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from data.channels.base import Inputs, Line, Parsed, Problem, RawTurn, all_lines

_COLUMNS = 7
_ROLES = {"0": "customer", "1": "agent"}


@dataclass(slots=True)
class _Session:
    first: Line
    customer: str = ""
    turns: list[RawTurn] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    reason: str = ""

    def add(self, line: Line, cells: list[str]) -> None:
        self.rows.append(line.text)
        if len(cells) != _COLUMNS:
            self.reason = self.reason or f"line {line.number}: {len(cells)} columns instead of {_COLUMNS}"
        elif cells[2] not in _ROLES:
            self.reason = self.reason or f"line {line.number}: column 3 is {cells[2]!r}, neither 0 nor 1"
        else:
            self.customer = self.customer or cells[1]
            self.turns.append(RawTurn(_ROLES[cells[2]], "" if cells[6] == "nan" else cells[6]))

    def result(self, session: str) -> Parsed | Problem:
        raw = "\n".join(self.rows)
        if self.reason:
            return Problem(self.first.file, self.first.number, f"session is incomplete: {self.reason}", raw)
        return Parsed(self.first.file, self.first.number, raw, session, self.customer or None, self.turns)


def parse(inputs: Inputs) -> Iterator[Parsed | Problem]:
    """Problems of single lines first, then the sessions in order of their first lines."""
    sessions: dict[str, _Session] = {}
    previous, stray = "", 0  # a stray line between two of one session probably was one of its turns
    for line in all_lines(inputs):
        if isinstance(line, Problem) or "\t" not in line.text:
            stray = line.line if isinstance(line, Problem) else line.number
            yield line if isinstance(line, Problem) else Problem(line.file, stray, "no tab in the line", line.text)
            continue
        cells = line.text.split("\t", _COLUMNS - 1)
        current = sessions.setdefault(cells[0], _Session(line))
        if stray and previous == cells[0]:
            current.reason = current.reason or f"line {stray} cannot be read"
        current.add(line, cells)
        previous, stray = cells[0], 0
    for session, gathered in sessions.items():
        yield gathered.result(session)
