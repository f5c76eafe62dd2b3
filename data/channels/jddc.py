"""JDDC's chat.tsv, one turn a line: session, customer, is-agent, two flags, SKU, text.

``nan`` is what the set's authors' tool wrote for no text. Sessions are gathered over the whole day: their
lines may be interleaved. One with a line that cannot be read is a problem as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from data.channels.base import Inputs, Line, ParsedDialogue, Problem, all_lines
from data.channels.reading.gathered import SessionGatherer, parts
from data.channels.reading.sessions import SessionLine, dialogues
from kefu.privacy.pseudonyms import pseudonym

_COLUMNS = 7
_ROLES = {"0": "customer", "1": "agent"}


def _said(line: Line, cells: list[str], reason: str) -> SessionLine:
    shown = "\t".join([*cells[:1], *map(pseudonym, cells[1:2]), *cells[2:]])  # people may read it
    if not reason and len(cells) != _COLUMNS:
        reason = f"line {line.number}: {len(cells)} columns instead of {_COLUMNS}"
    if not reason and cells[2] not in _ROLES:
        reason = f"line {line.number}: column 3 is {cells[2]!r}, neither 0 nor 1"
    whole = len(cells) == _COLUMNS  # of others, the second column may be anything
    said = SessionLine(line.file, line.number, shown, reason, customer=cells[1] if whole else "")
    if reason:
        return said
    return said._replace(role=_ROLES[cells[2]], text="" if cells[6] == "nan" else cells[6])


def _gather(inputs: Inputs, gathered: SessionGatherer) -> Iterator[Problem]:
    previous, stray = "", 0  # a stray line between two of one session probably was one of its turns
    for line in all_lines(inputs):
        if isinstance(line, Problem) or "\t" not in line.text:
            stray = line.line if isinstance(line, Problem) else line.number
            yield line if isinstance(line, Problem) else Problem(line.file, stray, "no tab in the line", line.text)
            continue
        cells = line.text.split("\t", _COLUMNS - 1)
        reason = f"line {stray} cannot be read" if stray and previous == cells[0] else ""
        gathered.add(cells[0], _said(line, cells, reason))
        previous, stray = cells[0], 0


def parse(inputs: Inputs) -> Iterator[ParsedDialogue | Problem]:
    """Problems of single lines first, then the sessions in order of their first lines (see ``gathered``)."""
    with SessionGatherer(parts(inputs.files)) as gathered:
        yield from _gather(inputs, gathered)
        yield from dialogues(gathered)
