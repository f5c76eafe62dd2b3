"""CSV, one turn a row, with the shop's own columns and words: the source's ``columns`` and ``roles`` in params.yaml say
which column holds what, and who 买家 is::

    - name: old_system
      channel: csv
      columns: {session: 会话ID, customer: 买家, role: 发送方, text: 内容, time: 时间}
      roles: {买家: customer, 卖家: agent, 系统: ignore}
      time_format: "%Y/%m/%d %H:%M"

The first row of a file is its header. Cells may be quoted and then hold line ends. Sessions are gathered over the
day, rows in the order of the files. A row that cannot be read spoils its session; one whose quote is never closed
costs its first line only. Quarantine sees pseudonyms of customers, and nothing of a row whose cells are not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from data.channels.base import BadRow, Inputs, ParsedDialogue, Problem
from data.channels.params import Source
from data.channels.reading.csv_rows import Row, Rows
from data.channels.reading.files import TextFile
from data.channels.reading.gathered import SessionGatherer, parts
from data.channels.reading.sessions import SessionLine, dialogues
from kefu.privacy.pseudonyms import pseudonym


class _Table:
    """What the rows of a source's files say, once a file's header has told where the columns are."""

    def __init__(self, source: Source) -> None:
        assert source.columns  # ``kefu.params`` sees to it
        self._source, self._columns = source, source.columns
        self._names = {field: name for field, name in source.columns.model_dump().items() if name}

    def places(self, row: Row) -> dict[str, int] | None:
        """Field → place of its column, when this row is the header."""
        names = [name.strip() for name in row.cells]
        if any(names.count(name) != 1 for name in self._names.values()):
            return None
        return {field: names.index(name) for field, name in self._names.items()}

    def no_header(self, row: Row) -> str:
        """Why the file cannot be read, from the row where its header should be."""
        names = [name.strip() for name in row.cells]
        wrong = ", ".join(name for name in self._names.values() if names.count(name) != 1)
        return (
            f"header (line {row.line}): each of these columns must appear exactly once: {wrong}; "
            f"correct ingest.sources: {self._source.name}: columns"
        )

    def said(self, row: Row, places: dict[str, int], width: int) -> tuple[str, SessionLine]:
        """The row's session, and what it says there. Raises BadRow when it has none."""
        cells = {field: row.cells[place] for field, place in places.items() if place < len(row.cells)}
        name = cells.get("session", "").strip()
        if not name:
            raise BadRow(f"{self._columns.session}: empty: every row needs its session")
        said = SessionLine(row.file, row.line, _shown(row, places, self._source))
        try:
            if len(row.cells) != width:  # which cell is the customer's is not known then
                raise BadRow(f"{len(row.cells)} cells instead of {width}: quote cells that hold the delimiter")
            said = said._replace(customer=cells.get("customer", "").strip())
            return name, self._filled(said, cells)
        except BadRow as error:
            return name, said._replace(reason=f"line {row.line}: {error}")

    def _filled(self, said: SessionLine, cells: dict[str, str]) -> SessionLine:
        role = self._source.roles.get(cells["role"].strip())
        if role is None:
            raise BadRow(f"{self._columns.role}: not one of {', '.join(self._source.roles)}: add it to roles")
        csat = cells.get("csat", "").strip()
        facts = said._replace(
            outcome=cells.get("outcome", "").strip() or None,
            csat=(int(csat) if csat.isdecimal() and len(csat) < 3 else csat) if csat else None,
        )
        if role == "ignore":
            return facts
        return facts._replace(role=role, text=cells["text"], time=self._time(cells.get("time", "").strip()))

    def _time(self, text: str) -> str | None:
        form = self._source.time_format
        try:
            return (
                (datetime.strptime(text, form) if form else datetime.fromisoformat(text)).isoformat() if text else None
            )
        except ValueError as error:
            expected = f"{form}, which is time_format" if form else "ISO 8601; say time_format, e.g. %Y/%m/%d %H:%M"
            raise BadRow(f"{self._columns.time}: {text!r} is not {expected}") from error


def _shown(row: Row, places: dict[str, int], source: Source) -> str:
    """The row for people, with pseudonyms for the customer and for an unknown speaker, who may be a person's name."""
    hidden = {places.get("customer")}
    if len(row.cells) > places["role"] and row.cells[places["role"]].strip() not in source.roles:
        hidden.add(places["role"])
    cells = (pseudonym(cell) if place in hidden and cell else cell for place, cell in enumerate(row.cells))
    return source.delimiter.join(cells)


def _gather(path: Path, inputs: Inputs, table: _Table, gathered: SessionGatherer) -> Iterator[Problem]:
    places: dict[str, int] | None = None
    reason, width = "", 0
    for row in Rows(TextFile(path, inputs), inputs.source.delimiter):
        if isinstance(row, Problem):  # which part of it is the customer is not known, so it is not shown
            yield row._replace(raw="")
        elif places:
            try:
                gathered.add(*table.said(row, places, width))
            except BadRow as error:
                yield Problem(row.file, row.line, str(error), _shown(row, places, inputs.source))
        else:
            places, width = table.places(row), len(row.cells)
            if not places:
                reason = reason or table.no_header(row)
                yield Problem(row.file, row.line, reason, "")


def parse(inputs: Inputs) -> Iterator[ParsedDialogue | Problem]:
    """Problems of single rows first, then the sessions in order of their first rows (see ``gathered``)."""
    table = _Table(inputs.source)
    with SessionGatherer(parts(inputs.files)) as gathered:
        for path in inputs.files:
            yield from _gather(path, inputs, table, gathered)
        yield from dialogues(gathered)
