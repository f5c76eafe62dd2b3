"""A day on disk: its dialogues, its quarantine, its counts, and what later days need to know their copies.

``keys.bin`` (16 bytes) and ``sessions.bin`` (8 bytes) hold the keyed hashes of all dialogues that came in
whole: those kept, in the order of ``dialogues.parquet``, then those of ``copies.parquet``.
``signatures.bin`` (128 bytes) holds those kept only. The same rows give the same bytes, however they
were batched. Nothing is visible before all of it is written.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.ingest.converted import SCHEMA, Fingerprints
from data.ingest.dedupe.decide import Earlier
from data.ingest.dedupe.minhash import WORDS
from kefu.errors import KefuError
from kefu.io import atomic_dir, read_json, write_json
from kefu.store import COPIES, DIALOGUES

GROUP = 10_000  # dialogues a row group
QUARANTINE, FACTS, KEYS, SESSIONS = "quarantine.jsonl", "partition.json", "keys.bin", "sessions.bin"
SIGNATURES = "signatures.bin"
COPY_SCHEMA = pa.schema(
    [("id", pa.string()), ("kept_id", pa.string()), ("customer", pa.string()), ("similarity", pa.float32())]
)


class DiskFull(KefuError, RuntimeError):
    """A partition cannot be written; the message says where and what to do."""


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """A temporary folder that becomes the partition when the block ends without an error."""
    with atomic_dir(folder, private=True) as temporary:
        yield temporary


@contextmanager
def explain_full_disk(folder: Path) -> Iterator[None]:
    """Raises DiskFull where the block has no room to write ``folder``; other errors pass.

    The disk may be the store's or that of TMPDIR, through which large days go (``data/channels/reading``).
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (None, errno.ENOSPC, errno.EDQUOT, errno.EFBIG):  # numpy's short write has none
            raise
        free, temporary = (shutil.disk_usage(at).free / 1e6 for at in (folder.parent, tempfile.gettempdir()))
        raise DiskFull(
            f"{folder}: cannot be written, {free:,.1f} MB are free there and {temporary:,.1f} MB in "
            f"{tempfile.gettempdir()} (TMPDIR): {error}. Make room and run again: "
            "the days before it are done, and nothing of this one is left behind"
        ) from error


def write_rows(folder: Path, batches: Iterable[pa.RecordBatch]) -> None:
    """``dialogues.parquet`` from batches of any size."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    with pq.ParquetWriter(folder / DIALOGUES, SCHEMA, compression="zstd") as parquet:
        for batch in batches:
            waiting.append(batch)
            rows += batch.num_rows
            if rows >= GROUP:
                table = pa.Table.from_batches(waiting).combine_chunks()
                parquet.write_table(table.slice(0, GROUP).combine_chunks())
                waiting = table.slice(GROUP).to_batches()
                rows -= GROUP
        if rows:
            parquet.write_table(pa.Table.from_batches(waiting).combine_chunks())


def write_copies(folder: Path, copies: Mapping[str, Sequence[Any]]) -> None:
    """``copies.parquet``, by column: near-duplicates, and which dialogue stands for each."""
    pq.write_table(pa.Table.from_pydict(dict(copies), schema=COPY_SCHEMA), folder / COPIES, compression="zstd")


def write_fingerprints(
    folder: Path, fingerprints: Fingerprints, kept: NDArray[np.int64], near: NDArray[np.int64]
) -> str:
    """What later days need. Returns a hash of it: another one makes later days new."""
    whole = np.concatenate([kept, near])
    digest = hashlib.sha256()
    parts = (
        (KEYS, fingerprints.keys, whole),
        (SESSIONS, fingerprints.sessions, whole),
        (SIGNATURES, fingerprints.signatures, kept),
    )
    for name, values, rows in parts:
        with (folder / name).open("wb") as file:
            for start in range(0, len(rows), GROUP):
                content = values[rows[start : start + GROUP]].tobytes()
                file.write(content)
                digest.update(content)
    return digest.hexdigest()


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes a partition's facts as ``partition.json``."""
    write_json(folder / FACTS, dict(facts))


def read_facts(folder: Path) -> Mapping[str, Any]:
    """``partition.json``, or nothing when there is no whole partition."""
    path = folder / FACTS
    return read_json(path) if path.exists() else {}


def _words(path: Path, width: int) -> NDArray[np.uint64]:
    return (np.fromfile(path, np.uint64) if path.exists() else np.empty(0, np.uint64)).reshape(-1, width)


def _read_marks(folder: Path, compared: bool) -> Earlier:
    signatures = _words(folder / SIGNATURES, WORDS) if compared else np.empty((0, WORDS), np.uint64)
    day = folder.name.removeprefix("dt=")
    return Earlier(day, _words(folder / KEYS, 2), _words(folder / SESSIONS, 1)[:, 0], signatures)


def read_earlier(store: Path, days: Iterable[str], day: str, window: int) -> Iterator[Earlier]:
    """What stored ``days`` left for ``day``, one at a time; signatures of the last ``window`` days only."""
    oldest = (date.fromisoformat(day) - timedelta(days=window)).isoformat()
    for one in days:
        yield _read_marks(store / f"dt={one}", compared=one >= oldest)


def read_ids(folder: Path, rows: Sequence[int]) -> list[str]:
    """Ids of a stored day's dialogues, by row."""
    return list(pq.read_table(folder / DIALOGUES, columns=["id"]).column("id").take(pa.array(rows)).to_pylist())


def holds(folder: Path, customers: Iterable[str]) -> bool:
    """Whether a stored day still knows one of some customers, as a dialogue, a copy or in its quarantine."""
    wanted = set(customers)
    if not wanted or not (folder / FACTS).exists():
        return False
    for name in (DIALOGUES, COPIES):
        if (folder / name).exists():
            known = pq.read_table(folder / name, columns=["customer"]).column("customer").unique()
            if wanted.intersection(known.to_pylist()):
                return True
    with (folder / QUARANTINE).open(encoding="utf8") as file:
        return any(customer in line for line in file for customer in wanted)
