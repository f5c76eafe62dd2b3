"""What came out against what was planted: copies found and wrongly found, personal data still to be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.ingest.load import PlantedDialogue
from kefu.io import read_json

_PREFIX = "shop:2026-11-09:"


@dataclass(frozen=True)
class IngestCheck:
    """Counts; ``copies`` and ``values`` are what was planted, in dialogues that were kept for values."""

    kept: int
    duplicates: int
    duplicates_planted: int
    copies: int
    copies_found: int
    copies_wrong: int
    values: int
    values_left: int


def count_leftovers(texts: Iterable[tuple[str, str]], values: dict[str, tuple[str, ...]]) -> tuple[int, int]:
    """Planted values in the dialogues given as (session, text), and how many can still be read there."""
    planted = remaining = 0
    for session, text in texts:
        own = values.get(session, ())
        planted += len(own)
        remaining += sum(value in text for value in own)
    return planted, remaining


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    for batch in pq.ParquetFile(path).iter_batches(batch_size=2000, columns=["id", "turns"]):
        for row in batch.to_pylist():
            yield row["id"].removeprefix(_PREFIX), "\n".join(turn["text"] for turn in row["turns"])


def check(partition: Path, planted: Sequence[PlantedDialogue | None]) -> IngestCheck:
    """Compares a partition with the truth. A copy is found when it, or the one it copies, stands for the other."""
    known = [one for one in planted if one]
    original = {one.session: one.original for one in known}
    facts = read_json(partition / "partition.json")
    table = pq.read_table(partition / "copies.parquet", columns=["id", "kept_id"]).to_pydict()
    pairs = [
        tuple(original[name.removeprefix(_PREFIX)] for name in pair)
        for pair in zip(table["id"], table["kept_id"], strict=True)
    ]
    right = sum(a == b for a, b in pairs)
    values, remaining = count_leftovers(
        _texts(partition / "dialogues.parquet"), {one.session: one.values for one in known}
    )
    return IngestCheck(
        facts["kept"],
        facts["duplicates"],
        len(planted) - len(known),
        len(known) - len(set(original.values())),
        right,
        len(pairs) - right,
        values,
        remaining,
    )
