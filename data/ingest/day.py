"""Ingests one day: converts it in batches, decides on it as a whole, writes it, and checks that no record is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.channels.base import TWO_CUSTOMERS
from data.ingest import partition
from data.ingest.batches import SourceDay
from data.ingest.converted import SCHEMA, ConvertedBatch, Fingerprints
from data.ingest.dedupe.decide import CLASH, DUPLICATE, KEPT, NEAR, SHARED, Decision, Earlier, decide
from data.ingest.quarantine import LONGEST
from data.ingest.spool import Spool
from data.ingest.workers import Runner
from kefu.schema import Rejected


class LostRecords(RuntimeError):
    """Records went in and came out nowhere: a defect of this code, never of the data."""


@dataclass
class Counts:
    """Records of a day (a dialogue, or a piece that could not be read as one), and of those kept, what is in them.

    Attributes:
        seen_before: kept dialogues whose session came on an earlier day too, with other turns.
        clock_backwards: kept dialogues in which a turn is older than one before it.
    """

    read: int = 0
    kept: int = 0
    duplicates: int = 0
    near_duplicates: int = 0
    forgotten: int = 0
    quarantined: int = 0
    turns: int = 0
    seen_before: int = 0
    clock_backwards: int = 0
    redacted: Counter[str] = field(default_factory=Counter)
    encodings: dict[str, str] = field(default_factory=dict)

    def check(self, where: str) -> None:
        """Raises LostRecords unless every record that was read has gone exactly one way."""
        ways = self.kept + self.duplicates + self.near_duplicates + self.forgotten + self.quarantined
        if self.read != ways:
            raise LostRecords(
                f"{where}: in ≠ out + duplicates + near-duplicates + forgotten + quarantined: {asdict(self)}"
            )


def count(redacted: Mapping[str, int]) -> Counter[str]:
    """Values replaced, by type, from how often each ``Row.redacted`` occurs."""
    total = Counter[str]()
    for kinds, times in redacted.items():
        for kind in kinds.split():
            total[kind] += times
    return total


_CLASH = (
    "session: this id belongs to another dialogue of the day, with other turns; "
    "if it is a correction, remove the dialogue that it corrects"
)
_SHARED = (
    f"{TWO_CUSTOMERS}: this id also belongs to a dialogue of another customer of the day; "
    "give each customer's conversation an id of its own"
)


@dataclass(frozen=True)
class DayWriter:
    """What the days share: who converts, and from which similarity a dialogue is a copy."""

    runner: Runner
    similarity: float

    def write(
        self,
        day: str,
        sources: Sequence[SourceDay],
        folder: Path,
        earlier: Iterable[Earlier],
        known: Mapping[str, Any],
        tick: Callable[[int], None],
    ) -> Counts:
        """Writes the partition of a day.

        Args:
            earlier: what earlier days left, oldest first.
            known: stored beside the counts.
            tick: called with a number of records as they are converted.
        """
        counts = Counts()
        with partition.writing(folder) as temporary:
            with (temporary / partition.QUARANTINE).open("w", encoding="utf8") as file:
                with Spool(temporary) as spool:
                    for converted in self.runner(day, sources):
                        _gather(converted, spool, counts)
                        file.writelines(f"{line}\n" for line in converted.rejected)
                        tick(converted.read)
                fingerprints = spool.fingerprints()
                decision = decide(fingerprints, earlier, self.similarity)
                writing = _Writing(spool, decision, counts, file)
                partition.write_rows(temporary, writing.kept())
            spool.close()
            digest = _finish(temporary, folder.parent, spool, fingerprints, decision, writing.customers)
            counts.check(day)
            facts = asdict(counts) | {"redacted": dict(sorted(counts.redacted.items()))}
            partition.write_facts(temporary, {**known, **facts, "keys": digest})
        return counts


def _gather(converted: ConvertedBatch, spool: Spool, counts: Counts) -> None:
    spool.add(converted)
    counts.read += converted.read
    counts.forgotten += converted.forgotten
    counts.quarantined += len(converted.rejected)
    counts.encodings |= converted.encodings


class _Writing:
    """The second pass over a day: gives rows that stay, quarantines those that clash, notes the customers of copies."""

    def __init__(self, spool: Spool, decision: Decision, counts: Counts, quarantine: TextIO) -> None:
        self._spool, self._fate, self._counts, self._quarantine = spool, decision.fate, counts, quarantine
        self.customers: list[str] = []
        counts.seen_before = decision.seen_before

    def kept(self) -> Iterator[pa.RecordBatch]:
        redacted = Counter[str]()
        for start, batch in self._spool.batches():
            fate = self._fate[start : start + batch.num_rows]
            ways = {way: batch.filter(pa.array(fate == way)) for way in (KEPT, CLASH, NEAR, SHARED)}
            for way, reason in ((CLASH, _CLASH), (SHARED, _SHARED)):
                rows = ways[way].to_pylist()
                self._quarantine.writelines(f"{_clash(row, reason).model_dump_json()}\n" for row in rows)
                self._counts.quarantined += len(rows)
            self.customers += ways[NEAR].column("customer").to_pylist()
            self._counts.duplicates += int((fate == DUPLICATE).sum())
            self._count(ways[KEPT], redacted)
            yield ways[KEPT].select(SCHEMA.names)
        self._counts.near_duplicates = len(self.customers)
        self._counts.redacted = count(redacted)

    def _count(self, rows: pa.RecordBatch, redacted: Counter[str]) -> None:
        self._counts.kept += rows.num_rows
        self._counts.turns += pc.sum(pc.list_value_length(rows.column("turns"))).as_py() or 0
        self._counts.clock_backwards += pc.sum(rows.column("clock_backwards")).as_py() or 0
        redacted.update(rows.column("redacted").to_pylist())


def _clash(row: Mapping[str, Any], reason: str) -> Rejected:
    stood = {"session": str(row["id"]).split(":", 2)[2], "customer": row["customer"], "turns": row["turns"]}
    raw = json.dumps(stood, ensure_ascii=False)[:LONGEST]
    return Rejected(source=row["source"], file=row["file"], line=row["line"], reason=reason, raw=raw)


def _finish(
    temporary: Path, store: Path, spool: Spool, fingerprints: Fingerprints, decision: Decision, customers: Sequence[str]
) -> str:
    """Writes what later days need. Returns its hash."""
    kept, near = np.flatnonzero(decision.fate == KEPT), np.flatnonzero(decision.fate == NEAR)
    copies = [decision.copies[int(row)] for row in near]
    standing = dict[tuple[str, int], str]()
    for day in {copy.day for copy in copies}:
        rows = [copy.row for copy in copies if copy.day == day]
        ids = partition.read_ids(store / f"dt={day}", rows) if day else spool.ids(np.array(rows))
        standing |= zip(((day, row) for row in rows), ids, strict=True)
    columns = {
        "id": spool.ids(near),
        "kept_id": [standing[copy.day, copy.row] for copy in copies],
        "customer": customers,
        "similarity": [copy.similarity for copy in copies],
    }
    partition.write_copies(temporary, columns)
    return partition.write_fingerprints(temporary, fingerprints, kept, near)
