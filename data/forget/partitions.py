"""Takes a person out of the stored days: dialogues, copies, quarantine, and the keyed hashes beside them.

A day is replaced as a whole or not at all. Ingest makes days that still have raw files anew anyway; days
without any stay as they are written here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.forget.traces import Traces
from data.ingest import partition
from data.ingest.converted import Fingerprints
from data.ingest.dedupe.minhash import WORDS
from kefu.io import read_json
from kefu.store import COPIES, DIALOGUES

_WRITTEN = {DIALOGUES, COPIES, partition.QUARANTINE, partition.FACTS}
_FINGERPRINTS = (partition.KEYS, partition.SESSIONS, partition.SIGNATURES)


def forget_partitions(store: Path, traces: Traces, write: bool) -> dict[str, int]:
    """Rewrites the days that hold the person; returns what went, by kind. Newest first.

    Safe to repeat: what is not rewritten yet still knows the person's ids.
    """
    gone = {"dialogues": 0, "copies": 0, "quarantined": 0, "days": 0}
    for folder in sorted((path.parent for path in store.glob(f"dt=*/{DIALOGUES}")), reverse=True):
        day = _Day(folder, traces)
        if day.touched:
            gone = {name: gone[name] + count for name, count in {**day.gone, "days": 1}.items()}
            if write:
                day.write()
    return gone


class _Day:
    """One partition, and what of it stays."""

    def __init__(self, folder: Path, traces: Traces) -> None:
        self.folder, self._traces = folder, traces
        stored = pq.read_table(folder / DIALOGUES, columns=["id", "customer"])
        shared = pc.is_in(stored["id"], pa.array(sorted(traces.shared), pa.string()))
        theirs = pc.or_(pc.equal(stored["customer"], traces.customer), shared)
        self.keep = np.asarray(pc.invert(theirs), dtype=bool)
        self.copies = pq.read_table(folder / COPIES) if (folder / COPIES).exists() else None
        self.keep_copies = self._copies_to_keep()
        text = (folder / partition.QUARANTINE).read_text(encoding="utf8").splitlines(keepends=True)
        self.quarantine = [line for line in text if not traces.found_in(line.encode())]
        copies = int((~self.keep_copies).sum())
        rejected = len(text) - len(self.quarantine)
        self.gone = {"dialogues": int((~self.keep).sum()), "copies": copies, "quarantined": rejected}
        self.touched = any(self.gone.values())

    def _copies_to_keep(self) -> Any:
        """Neither the person's own, nor others' that a dialogue of the person stood for."""
        if self.copies is None:
            return np.empty(0, dtype=bool)
        own = np.asarray(pc.equal(self.copies["customer"], self._traces.customer), dtype=bool)
        ids = pa.array(sorted(self._traces.ids), pa.string())
        return ~(own | np.asarray(pc.is_in(self.copies["kept_id"], ids), dtype=bool))

    def _rows(self) -> Iterator[pa.RecordBatch]:
        start = 0
        for batch in pq.ParquetFile(self.folder / DIALOGUES).iter_batches():
            yield batch.filter(pa.array(self.keep[start : start + batch.num_rows]))
            start += batch.num_rows

    def _facts(self) -> dict[str, Any]:
        """Counts that add up again: what went was forgotten. The day is no longer what its raw files were."""
        facts = dict(read_json(self.folder / partition.FACTS))
        own = 0 if self.copies is None else sum(c == self._traces.customer for c in self.copies["customer"].to_pylist())
        facts["kept"] -= self.gone["dialogues"]
        facts["quarantined"] -= self.gone["quarantined"]
        facts["near_duplicates"] = facts.get("near_duplicates", 0) - own
        facts["forgotten"] = facts.get("forgotten", 0) + self.gone["dialogues"] + self.gone["quarantined"] + own
        lengths = (pc.sum(pc.list_value_length(batch["turns"])).as_py() or 0 for batch in self._rows())
        return facts | {"turns": sum(lengths), "fingerprint": "forgotten"}

    def _write_fingerprints(self, folder: Path) -> str:
        fingerprints = Fingerprints(
            np.fromfile(self.folder / partition.KEYS, np.uint64).reshape(-1, 2),
            np.fromfile(self.folder / partition.SESSIONS, np.uint64),
            np.fromfile(self.folder / partition.SIGNATURES, np.uint64).reshape(-1, WORDS),
            np.empty(0, np.int64),
            np.empty(0, np.uint64),
        )
        near = len(self.keep) + np.flatnonzero(self.keep_copies)
        return partition.write_fingerprints(folder, fingerprints, np.flatnonzero(self.keep), near)

    def write(self) -> None:
        """Writes the day's partition again without what was removed, in one step."""
        with partition.writing(self.folder) as folder:
            for path in self.folder.iterdir():
                if path.name not in {*_WRITTEN, *_FINGERPRINTS}:
                    shutil.copy2(path, folder)
            partition.write_rows(folder, self._rows())
            if self.copies is not None:
                pq.write_table(self.copies.filter(pa.array(self.keep_copies)), folder / COPIES, compression="zstd")
            (folder / partition.QUARANTINE).write_text("".join(self.quarantine), encoding="utf8")
            facts = self._facts()
            partition.write_facts(folder, facts | {"keys": self._write_fingerprints(folder)})
