"""Labels of a whole store in memory, 24 bytes each, by the number of the dialogue that they speak of.

A month of 100,000 dialogues a day has 15 million accepted labels: as objects they need 15 GB. Here they are
columns, read by Arrow, and become objects a few dialogues at a time. A dialogue's number is its place in the
store, oldest day first; ids are looked up a day at a time, since an id names its day.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.labeling.join import SHOWN, JoinedLabels
from kefu.io import read_jsonl
from kefu.schema import Label
from kefu.store import day_of

logger = logging.getLogger(__name__)
UNKNOWN = "no such dialogue (a duplicate, quarantined, or not ingested)"
_BLOCK = 1 << 24  # bytes of a file read at a time
_WORDS = ("what", "value", "source", "version")  # few different ones, so each is two bytes
_SCHEMA = pa.schema(
    [("dialogue_id", pa.string()), ("turn", pa.int32()), *((name, pa.string()) for name in _WORDS)]
    + [("confidence", pa.float64())]
)
_DAY = r"^[^:]*:(?P<day>[^:]*):"


class LeftOut:
    """Labels that cannot be used: how many for which reason, and the first few places of each for the log."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, list[str]]] = {}

    def add(self, reason: str, place: str) -> None:
        """Counts one more label that cannot be used, for a reason."""
        count, places = self._found.get(reason, (0, []))
        self._found[reason] = count + 1, places if len(places) == SHOWN else [*places, place]

    def join(self, joined: JoinedLabels) -> None:
        """Adds the problems that joining other labels found."""
        for reason, places in joined.problems.items():
            for place in places:
                self.add(reason, place)

    def warn(self, what: str) -> None:
        """Logs each reason as ``Joined.warn`` does."""
        for reason, (count, places) in sorted(self._found.items()):
            logger.warning("%s: %d labels left out: %s: %s …", what, count, reason, ", ".join(places))


class Numbers:
    """Dialogues by number. ``firsts``: number of each partition's first dialogue, and how many there are in all.

    Args:
        partitions: the store's Parquet files, oldest day first.
    """

    def __init__(self, partitions: Sequence[Path]) -> None:
        self.firsts = np.cumsum([0, *(pq.ParquetFile(path).metadata.num_rows for path in partitions)])
        days = (day_of(path.parent) for path in partitions)
        self._days = {day: (int(first), path) for day, first, path in zip(days, self.firsts, partitions, strict=False)}
        self._ids = lru_cache(maxsize=2)(lambda path: pq.read_table(path, columns=["id"]).column("id"))

    def lookup(self, ids: pa.Array) -> NDArray[np.int64]:
        """The numbers of dialogues; −1 for those that are not in the store."""
        numbers = np.full(len(ids), -1)
        days = pc.struct_field(pc.extract_regex(ids, _DAY), "day")
        for day in days.unique().to_pylist():
            if day in self._days:
                first, path = self._days[day]
                here = np.flatnonzero(pc.equal(days, day).fill_null(False).to_numpy(zero_copy_only=False))
                place = pc.index_in(ids.take(pa.array(here)), value_set=self._ids(path)).fill_null(-1).to_numpy()
                numbers[here] = np.where(place < 0, -1, first + place)
        return numbers


class Columns:
    """The labels of one file.

    Args:
        path: lines of ``Label``.
        numbers: of the store.
        wanted: which kinds (``Label.what``) are kept.

    Attributes:
        left_out: labels of dialogues that are not in the store.

    Raises BadRecord for a line that is not a label.
    """

    def __init__(self, path: Path, numbers: Numbers, wanted: Callable[[str], bool]) -> None:
        self.left_out = LeftOut()
        tables = [self._numbered(block, numbers, wanted) for block in _blocks(path)]
        self._numbers = np.concatenate([np.empty(0, np.int32), *(place for place, _ in tables)])
        self._table = pa.concat_tables([table for _, table in tables]) if tables else None
        if self._table is not None and (self._numbers[1:] < self._numbers[:-1]).any():
            order = np.argsort(self._numbers, kind="stable")
            self._numbers, self._table = self._numbers[order], self._table.take(order)

    def __len__(self) -> int:
        return len(self._numbers)

    def _numbered(
        self, table: pa.Table, numbers: Numbers, wanted: Callable[[str], bool]
    ) -> tuple[NDArray[np.int32], pa.Table]:
        kinds = [what for what in table.column("what").unique().to_pylist() if wanted(what)]
        table = table.filter(pc.is_in(table.column("what"), value_set=pa.array(kinds, pa.string()))).combine_chunks()
        found = numbers.lookup(table.column("dialogue_id").combine_chunks())
        for row in table.filter(pa.array(found < 0)).select(["dialogue_id", "turn"]).to_pylist():
            self.left_out.add(UNKNOWN, f"{row['dialogue_id']} turn {row['turn']}")
        table = table.filter(pa.array(found >= 0)).drop_columns("dialogue_id")
        for name in _WORDS:
            table = table.set_column(table.column_names.index(name), name, _short(table.column(name)))
        return found[found >= 0].astype(np.int32), table

    def labels_for(self, number: int, ids: Sequence[str]) -> list[Label]:
        """Labels of the dialogues from ``number`` on, whose ids these are, in order."""
        if self._table is None:
            return []
        start, end = np.searchsorted(self._numbers, [number, number + len(ids)])
        rows: list[dict[str, Any]] = self._table.slice(start, end - start).to_pylist()
        whose = (self._numbers[start:end] - number).tolist()
        return [Label.model_construct(dialogue_id=ids[at], **row) for at, row in zip(whose, rows, strict=True)]


def _short(column: pa.ChunkedArray) -> pa.Array:
    words = column.combine_chunks().dictionary_encode()
    return pa.DictionaryArray.from_arrays(words.indices.cast(pa.int16()), words.dictionary)


def _blocks(path: Path) -> Iterator[pa.Table]:
    with path.open("rb") as file:
        rest = b""
        while piece := file.read(_BLOCK):
            cut = piece.rfind(b"\n") + 1
            if cut:
                yield _table(path, rest + piece[:cut])
                rest = b""
            rest += piece[cut:]
    if rest.strip():
        yield _table(path, rest)


def _table(path: Path, block: bytes) -> pa.Table:
    read = pj.ReadOptions(block_size=len(block))
    parse = pj.ParseOptions(explicit_schema=_SCHEMA, unexpected_field_behavior="error")
    try:
        table = pj.read_json(BytesIO(block), read, parse)
    except pa.ArrowInvalid:
        _say_what(path)
        raise
    if any(table.column(name).null_count for name in _SCHEMA.names if name != "turn"):
        _say_what(path)
    return table.select(_SCHEMA.names)


def _say_what(path: Path) -> None:
    """Raises BadRecord with the line and the field: Arrow names neither."""
    for _ in read_jsonl(path, Label):
        pass
