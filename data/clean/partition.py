"""A day on disk: ``dialogues.parquet``, ``quarantine.jsonl``, ``partition.json`` and ``keys.bin``.

Rows are gathered column by column and written in groups, so a day of any length needs the memory of a
group. The same rows give the same bytes. Nothing is visible before all of it is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from data.channels.base import RawTurn
from kefu.io import atomic_dir, read_json, write_json
from kefu.schema import Rejected

GROUP = 10_000  # dialogues a row group
DIALOGUES, QUARANTINE, FACTS, KEYS = "dialogues.parquet", "quarantine.jsonl", "partition.json", "keys.bin"
_TURN = pa.struct([("role", pa.string()), ("text", pa.string()), ("time", pa.string())])
_STRINGS = ("id", "source", "channel", "day", "customer")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _STRINGS),
        ("turns", pa.list_(_TURN)),
        ("outcome", pa.string()),
        ("csat", pa.int8()),
    ]
)


class Row(NamedTuple):
    """A ``kefu.schema.Dialogue`` on its way to the file; checked already, so not built again."""

    id: str
    source: str
    channel: str
    day: str
    customer: str
    turns: Sequence[RawTurn]
    outcome: str
    csat: int | None


def _batch(rows: Sequence[Row]) -> pa.RecordBatch:
    turns = [turn for row in rows for turn in row.turns]
    offsets = [0]
    for row in rows:
        offsets.append(offsets[-1] + len(row.turns))
    fields = [pa.array([turn[i] for turn in turns], pa.string()) for i in range(3)]
    nested = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.StructArray.from_arrays(fields, fields=list(_TURN))
    )
    strings = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(_STRINGS))]
    outcome, csat = pa.array([row.outcome for row in rows]), pa.array([row.csat for row in rows], pa.int8())
    return pa.RecordBatch.from_arrays([*strings, nested, outcome, csat], schema=SCHEMA)


class PartitionWriter:
    """Takes the rows of a day, in order. Use ``writing``."""

    def __init__(self, parquet: pq.ParquetWriter, quarantine: IO[str], keys: IO[bytes]) -> None:
        self._parquet, self._quarantine, self._keys = parquet, quarantine, keys
        self._rows: list[Row] = []
        self.digest = hashlib.sha256()

    def keep(self, row: Row, key: bytes) -> None:
        """A dialogue, and its key for later days' duplicates."""
        self._rows.append(row)
        self._keys.write(key)
        self.digest.update(key)
        if len(self._rows) >= GROUP:
            self.flush()

    def reject(self, record: Rejected) -> None:
        self._quarantine.write(record.model_dump_json() + "\n")

    def flush(self) -> None:
        if self._rows:
            self._parquet.write_batch(_batch(self._rows))
            self._rows.clear()


@contextmanager
def writing(folder: Path, facts: dict[str, Any]) -> Iterator[PartitionWriter]:
    """Opens a partition; ``facts`` may be filled until the block ends, which makes it visible whole."""
    with atomic_dir(folder) as temporary:
        with (
            pq.ParquetWriter(temporary / DIALOGUES, SCHEMA, compression="zstd") as parquet,
            (temporary / QUARANTINE).open("w", encoding="utf8") as quarantine,
            (temporary / KEYS).open("wb") as keys,
        ):
            writer = PartitionWriter(parquet, quarantine, keys)
            yield writer
            writer.flush()
        write_json(temporary / FACTS, {**facts, "keys": writer.digest.hexdigest()})


def facts(folder: Path) -> Mapping[str, Any]:
    """``partition.json``, or nothing when there is no whole partition."""
    path = folder / FACTS
    return read_json(path) if path.exists() else {}
