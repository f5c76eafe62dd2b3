"""The store in chunks of dialogues with what machines say of them, so that it is never in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.sets.dialogue_outcomes import QUALITY, RESOLVED
from data.sets.reading.label_columns import Columns, Numbers
from kefu.schema import Dialogue, Label
from kefu.store import dialogue_files, parse_batch

SIZE = 1024  # dialogues


@dataclass(frozen=True)
class Chunk:
    """Some dialogues by number, and their labels by machines: accepted intents, and facts of the dialogue."""

    dialogues: dict[int, Dialogue]
    accepted: list[Label]
    signals: list[Label]

    @property
    def by_id(self) -> dict[str, Dialogue]:
        return {dialogue.id: dialogue for dialogue in self.dialogues.values()}


class Chunks:
    """Reads a store together with the files of labels. Its labels, in columns, stay in memory.

    Args:
        store: folder of ``dt=YYYY-MM-DD/dialogues.parquet``.
        accepted: lines of Label, of which intents are read.
        signals: lines of Label, of which ``resolved`` and ``quality:…`` are read.

    Raises Missing when ingest has not run, BadRecord for a line that is not a label.
    """

    def __init__(self, store: Path, accepted: Path, signals: Path) -> None:
        self._paths = dialogue_files(store)
        self._numbers = Numbers(self._paths)
        self.accepted = Columns(accepted, self._numbers, lambda what: what == "intent")
        self._signals = Columns(signals, self._numbers, lambda what: what == RESOLVED or what.startswith(QUALITY))

    def __len__(self) -> int:
        """Number of dialogues."""
        return int(self._numbers.firsts[-1])

    def all(self) -> Iterator[Chunk]:
        """Yields all dialogues with their labels in chunks, oldest day first."""
        for first, batch in self._batches():
            ids = batch.column("id").to_pylist()
            dialogues = dict(enumerate(parse_batch(batch), first))
            yield Chunk(dialogues, self.accepted.labels_for(first, ids), self._signals.labels_for(first, ids))

    def some(self, numbers: Sequence[int]) -> Iterator[Chunk]:
        """The dialogues of these numbers, in the store's order; signals are left out."""
        wanted = np.unique(np.array(numbers, np.int64))
        for first, batch in self._batches():
            start, end = np.searchsorted(wanted, [first, first + batch.num_rows])
            if start < end:
                yield self._picked(wanted[start:end], first, batch)

    def _picked(self, wanted: NDArray[np.int64], first: int, batch: pa.RecordBatch) -> Chunk:
        dialogues = dict(zip(wanted.tolist(), parse_batch(batch.take(pa.array(wanted - first))), strict=True))
        accepted = [label for n, dialogue in dialogues.items() for label in self.accepted.labels_for(n, [dialogue.id])]
        return Chunk(dialogues, accepted, [])

    def _batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        for path, first in zip(self._paths, self._numbers.firsts.tolist(), strict=False):
            for batch in pq.ParquetFile(path).iter_batches(batch_size=SIZE):
                yield first, batch
                first += batch.num_rows
