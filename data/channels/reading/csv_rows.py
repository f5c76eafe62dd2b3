"""Rows of a CSV file, whatever stands in it.

Python's reader understands quotes and line ends inside cells, but one quote that is never closed would
swallow the rest of the file. Here it costs the line that it is on: the lines after it are read again.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from data.channels.reading.files import Line, Problem, TextFile


class Row(NamedTuple):
    """The cells of one row; ``line`` is its first line."""

    file: str
    line: int
    cells: list[str]


class Rows:
    """The rows of one file; lines that cannot be read come as problems between them."""

    def __init__(self, file: TextFile, delimiter: str) -> None:
        self._name, self._delimiter = file.name, delimiter
        self._lines = file.lines()
        self._again = deque[Line]()  # lines that an unclosed quote had swallowed
        self._taken: list[Line] = []
        self._problems: list[Problem] = []

    def __iter__(self) -> Iterator[Row | Problem]:
        while True:
            self._taken, self._problems = [], []
            row = self._row()
            yield from self._problems
            if row is None:
                return
            if isinstance(row, Problem) or row.cells:
                yield row

    def _row(self) -> Row | Problem | None:
        """The next row, with no cells for a blank line; None at the end."""
        try:
            cells = next(csv.reader(self._texts(), delimiter=self._delimiter, strict=True), None)
        except csv.Error as error:
            first, *swallowed = self._taken
            self._again.extendleft(reversed(swallowed))
            return Problem(self._name, first.number, f"not CSV: {error}; is a quote not closed?", first.text)
        return None if cells is None else Row(self._name, self._taken[0].number, cells)

    def _texts(self) -> Iterator[str]:
        while self._again:
            yield self._take(self._again.popleft())
        for line in self._lines:
            if isinstance(line, Problem):
                self._problems.append(line)
            else:
                yield self._take(line)

    def _take(self, line: Line) -> str:
        self._taken.append(line)
        return line.text + "\n"
