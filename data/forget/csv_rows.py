"""Rows of CSV files: which of them are a person's, also of those that nobody could read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from data.channels.reading.csv_rows import Row, Rows
from data.channels.reading.files import Inputs, Problem, TextFile
from data.forget.mentions import Mentions
from data.ingest.batches import SourceDay

RowStart = tuple[str, int]  # file, first line


class Table:
    """One CSV file of a source. A row with quoted line ends stands on several lines."""

    def __init__(self, path: Path, day: SourceDay) -> None:
        assert day.options.columns  # ``kefu.params`` sees to it
        self._path, self._day, self._columns = path, day, day.options.columns

    def _rows(self) -> Iterator[tuple[Row | Problem, dict[str, int]]]:
        """All rows, each with the places of its columns: none before the header."""
        places: dict[str, int] = {}
        wanted = [name for name in self._columns.model_dump().values() if name]
        for row in Rows(TextFile(self._path, Inputs((self._path,), self._day.options)), self._day.options.delimiter):
            yield row, places
            if isinstance(row, Row) and not places:
                cells = [cell.strip() for cell in row.cells]
                if all(cells.count(name) == 1 for name in wanted):
                    places = {name: cells.index(name) for name in wanted}

    def naming(self, mentions: Mentions) -> Iterator[int]:
        """First lines of rows that cannot be read and name the person."""
        customer = self._columns.customer
        for row, places in self._rows():
            if isinstance(row, Row) and places:
                continue
            cells = row.raw.split(self._day.options.delimiter) if isinstance(row, Problem) else row.cells
            if mentions.in_cells(cells, places.get(customer or "", len(cells)) if places else None):
                yield row.line

    def sessions(self, at: Collection[RowStart]) -> set[str]:
        """Sessions of the rows that stand at some places."""
        found = ((_cell(row, places.get(self._columns.session)), row) for row, places in self._rows())
        return {name for name, row in found if name and (self._path.name, row.line) in at}

    def lines(self, sessions: Collection[str], at: Collection[RowStart]) -> Iterator[int]:
        """Lines of the rows of some sessions, and of those that stand at some places."""
        start, theirs = 0, False
        for row, places in self._rows():
            if theirs:
                yield from range(start, row.line)
            start = row.line
            theirs = (self._path.name, start) in at or _cell(row, places.get(self._columns.session)) in sessions
        if theirs:
            file = TextFile(self._path, Inputs((self._path,), self._day.options))
            yield from range(start, sum(piece.starts for piece in file.pieces()) + 1)


def _cell(row: Row | Problem, place: int | None) -> str:
    """A cell's text, "" when the row has none there."""
    return row.cells[place].strip() if isinstance(row, Row) and place is not None and place < len(row.cells) else ""
