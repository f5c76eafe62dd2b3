"""Reads the dialogue store that ingest writes, partition by partition, oldest day first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from kefu.io import read_parquet
from kefu.schema import Dialogue

DIALOGUES, COPIES = "dialogues.parquet", "copies.parquet"


def read_dialogues(store: Path) -> Iterator[Dialogue]:
    """All dialogues below ``store`` (``dt=YYYY-MM-DD/dialogues.parquet``), in a fixed order.

    Raises FileNotFoundError when there is no partition at all: an empty store is a stage that did not run.
    """
    partitions = sorted(store.glob(f"dt=*/{DIALOGUES}"))
    if not partitions:
        raise FileNotFoundError(f"{store}: no dt=*/{DIALOGUES}; run the ingest stage first")
    for partition in partitions:
        yield from read_parquet(partition, Dialogue)


def copies(store: Path) -> Counter[str]:
    """Dialogue id → how many near-duplicates it stands for beyond itself: its weight in the traffic, less one."""
    counts = Counter[str]()
    for path in sorted(store.glob(f"dt=*/{COPIES}")):
        counts.update(pq.read_table(path, columns=["kept_id"]).column("kept_id").to_pylist())
    return counts
