"""Reads the dialogue store that ingest writes: days, batches of dialogues, and dialogues by id, oldest day first.

A store is a folder of ``dt=YYYY-MM-DD/dialogues.parquet``. All readers raise Missing when it has no day:
an empty store is a stage that did not run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel

from kefu.errors import Missing
from kefu.io import atomic_path
from kefu.schema import Dialogue

R = TypeVar("R", bound=BaseModel)
DIALOGUES, COPIES = "dialogues.parquet", "copies.parquet"
BATCH = 512  # dialogues
_PREFIX = "dt="


def day_of(folder: Path) -> str:
    """The day (YYYY-MM-DD) that a folder ``dt=YYYY-MM-DD`` is of."""
    return folder.name.removeprefix(_PREFIX)


def day_folders(store: Path) -> list[Path]:
    """The folders of days that have dialogues, oldest first."""
    found = sorted(path.parent for path in store.glob(f"{_PREFIX}*/{DIALOGUES}"))
    if not found:
        raise Missing(f"{store}: no {_PREFIX}*/{DIALOGUES}: run the ingest stage first")
    return found


def days(store: Path) -> list[str]:
    """The days that have dialogues, YYYY-MM-DD, oldest first."""
    return [day_of(folder) for folder in day_folders(store)]


def dialogue_files(store: Path) -> list[Path]:
    """The Parquet file of each day, oldest first."""
    return [folder / DIALOGUES for folder in day_folders(store)]


def count_dialogues(store: Path) -> int:
    return sum(pq.ParquetFile(path).metadata.num_rows for path in dialogue_files(store))


def read_dialogues(store: Path) -> Iterator[Dialogue]:
    """All dialogues, in a fixed order."""
    for path in dialogue_files(store):
        yield from read_parquet(path, Dialogue)


def read_batches(store: Path, size: int = BATCH) -> Iterator[pa.RecordBatch]:
    """All dialogues as Arrow, at most ``size`` a batch and one day's in each."""
    for path in dialogue_files(store):
        yield from pq.ParquetFile(path).iter_batches(batch_size=size)


def parse_batch(batch: pa.RecordBatch) -> list[Dialogue]:
    return [Dialogue.model_validate(row) for row in batch.to_pylist()]


def dialogues_by_id(store: Path, ids: Iterable[str]) -> dict[str, Dialogue]:
    """The dialogues of these ids, without reading the others into memory; unknown ids are left out."""
    wanted = pa.array(sorted(set(ids)), pa.string())
    found: dict[str, Dialogue] = {}
    for batch in read_batches(store):
        rows = pc.is_in(batch.column("id"), value_set=wanted)
        found |= {dialogue.id: dialogue for dialogue in parse_batch(batch.filter(rows))}
    return found


def copies(store: Path) -> Counter[str]:
    """Dialogue id → how many near-duplicates it stands for beyond itself: its weight in the traffic, less one."""
    counts = Counter[str]()
    for path in sorted(store.glob(f"{_PREFIX}*/{COPIES}")):
        counts.update(pq.read_table(path, columns=["kept_id"]).column("kept_id").to_pylist())
    return counts


def write_parquet(path: Path, records: Iterable[BaseModel], schema: pa.Schema) -> int:
    """Writes records as Parquet; the same records give the same bytes. Returns how many."""
    rows = [record.model_dump() for record in records]
    with atomic_path(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), temporary, compression="zstd")
    return len(rows)


def read_parquet(path: Path, kind: type[R]) -> Iterator[R]:
    for batch in pq.ParquetFile(path).iter_batches(batch_size=4096):
        for row in batch.to_pylist():
            yield kind.model_validate(row)
