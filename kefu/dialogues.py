"""Reads the dialogue store that ingest writes, partition by partition, oldest day first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kefu.io import read_parquet
from kefu.schema import Dialogue


def read_dialogues(store: Path) -> Iterator[Dialogue]:
    """All dialogues below ``store`` (``dt=YYYY-MM-DD/dialogues.parquet``), in a fixed order.

    Raises FileNotFoundError when there is no partition at all: an empty store is a stage that did not run.
    """
    partitions = sorted(store.glob("dt=*/dialogues.parquet"))
    if not partitions:
        raise FileNotFoundError(f"{store}: no dt=*/dialogues.parquet; run the ingest stage first")
    for partition in partitions:
        yield from read_parquet(partition, Dialogue)
