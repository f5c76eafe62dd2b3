"""Takes a person's dialogues out of the raw files: the same files without their records, all else as it was.

The channels say which record is whose. A source's rewritten day is read again before it replaces the old
one: nobody else's record may be missing, and nothing of the person may be left.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from data.channels.csv_rows import Row, Rows
from data.channels.encoding import Undecodable
from data.channels.files import Inputs, TextFile
from data.clean.batches import SourceDay
from data.clean.ingest import find_days
from data.forget.rewrite import is_array, without_elements, without_lines
from data.forget.whose import Reader, Sorted
from kefu.params import Ingest
from kefu.secret import pseudonym

SETTLE_S = 0.05  # a log line that serving had opened the old file for is written by then


@dataclass
class Removed:
    """``ids`` of the dialogues that were found; files rewritten, and those that could not be, with the reason."""

    ids: set[str] = field(default_factory=set)
    records: int = 0
    files: int = 0
    failed: list[str] = field(default_factory=list)


def forget_raw(raw: Path, customer: str, params: Ingest, write: bool) -> Removed:
    """Removes the person from all raw files of all sources. Safe to repeat after a kill at any point.

    Args:
        raw: folder of ``<source>/dt=YYYY-MM-DD/*``.
        customer: pseudonym.
        write: otherwise only tells what would go.
    """
    removed, reader = Removed(), Reader(customer, params)
    for left in raw.glob("*/dt=*/.forget.*"):
        shutil.rmtree(left)  # of a run that was killed
    for day, sources in find_days(raw, params).items() if any(raw.glob("*/dt=*")) else ():
        for source in sources:
            theirs = reader.read(source)
            if theirs.records:
                removed.records += len(theirs.records)
                removed.ids |= {f"{source.source}:{day}:{session}" for session in theirs.sessions}
                _rewrite(source, theirs, reader, removed, write)
    return removed


def _rewrite(source: SourceDay, theirs: Sorted, reader: Reader, removed: Removed, write: bool) -> None:
    with tempfile.TemporaryDirectory(prefix=".forget.", dir=source.files[0].parent) as folder:
        new = {path: Path(folder) / path.name for path in source.files}
        try:
            changed = [path for path in source.files if _without(path, new[path], source, theirs)]
        except (Undecodable, UnicodeError, EOFError, OSError) as error:
            removed.failed.append(f"{source.source}/{source.files[0].parent.name}: {error}")
            return
        again = reader.read(replace(source, files=tuple(new[p] if p in changed else p for p in source.files)))
        if again.records or again.others != theirs.others:
            removed.failed.append(f"{source.source}/{source.files[0].parent.name}: not all of it can be cut out")
        removed.files += len(changed)
        if write:
            for path in changed if again.others == theirs.others else ():
                _replace(path, new[path])


def _without(path: Path, out: Path, source: SourceDay, theirs: Sorted) -> int:
    """Writes the file without them to ``out``; returns how many lines or elements went."""
    inputs = Inputs((path,), source.options)
    file = TextFile(path, inputs)
    if source.channel == "csv":
        rows = set(_csv_lines(file, source, theirs.sessions))
        return without_lines(TextFile(path, inputs), _wide(inputs), out, lambda number, _: number in rows)
    if is_array(file):
        for piece in file.pieces():
            file.decode(piece.raw)  # tells the encoding
        encoding = next(iter(inputs.encodings.values()), "utf8")
        return without_elements(file, encoding, out, set(theirs.records))
    return without_lines(
        file,
        _wide(inputs),
        out,
        lambda number, text: _shown(source.channel, text) in theirs.lines or (path.name, number) in theirs.places,
    )


def _shown(channel: str, line: str) -> str:
    """A line as the channel shows it to people: jddc's has the customer in its second column."""
    if channel != "jddc" or "\t" not in line:
        return line
    session, customer, *rest = line.split("\t", 2)
    return "\t".join([session, pseudonym(customer), *rest])


def _wide(inputs: Inputs) -> str | None:
    """UTF-16 or UTF-32 when the file was recognised as that; known as soon as it was opened."""
    return next((name for name in inputs.encodings.values() if name.startswith(("utf-16", "utf-32"))), None)


def _csv_lines(file: TextFile, source: SourceDay, sessions: set[str]) -> Iterator[int]:
    """Lines on which the rows of some sessions stand; a row with quoted line ends has several."""
    columns = source.options.columns
    assert columns  # ``kefu.params`` sees to it
    start, theirs, place = 0, False, -1
    for row in Rows(file, source.options.delimiter):
        if theirs:
            yield from range(start, row.line)
        cells = [cell.strip() for cell in row.cells] if isinstance(row, Row) else []
        if place < 0 and columns.session in cells:
            place = cells.index(columns.session)
        start, theirs = row.line, 0 <= place < len(cells) and cells[place] in sessions
    if theirs:
        yield from range(start, sum(1 for _ in file.pieces()) + 1)


def _replace(path: Path, new: Path) -> None:
    """Puts the new file in place; what serving appended to the old one meanwhile is carried over."""
    with path.open("rb") as old:
        if path.suffix in {".gz", ".zst"}:
            new.replace(path)
            return
        size = old.seek(0, os.SEEK_END)
        new.replace(path)
        time.sleep(SETTLE_S)
        old.seek(size)
        if late := old.read():
            with path.open("ab") as file:
                file.write(late)
