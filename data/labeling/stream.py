"""Labels the dialogue store in batches, in worker processes; results come in the order of the store.

A day of 100,000 dialogues is never in memory: batches of rows go to the workers as Arrow and are parsed
there. One worker or many give the same results, and no worker outlives this process (``kefu/parallel.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import pyarrow as pa

from kefu.parallel import Workers
from kefu.schema import Dialogue
from kefu.store import BATCH, count_dialogues, parse_batch, read_batches

WORTH_IT = 8 * BATCH  # dialogues; fewer are done sooner than a worker starts

Result = TypeVar("Result", covariant=True)
R = TypeVar("R")


class Labeller(Protocol[Result]):
    """Labels a batch; made anew in each worker."""

    def __call__(self, dialogues: list[Dialogue]) -> Result: ...


class _ArrowLabeller(Generic[R]):
    """A labeller of batches that are not parsed yet; it tells their dialogues beside the result."""

    def __init__(self, make: Callable[[], Labeller[R]]) -> None:
        self._label = make()

    def __call__(self, batch: pa.RecordBatch) -> tuple[int, R]:
        return batch.num_rows, self._label(parse_batch(batch))


def label_dialogues(
    store: Path, make: Callable[[], Labeller[R]], workers: int, tick: Callable[[int], object] = lambda dialogues: None
) -> Iterator[R]:
    """Returns the labeller's result for each batch, in the store's order.

    Args:
        make: makes the labeller; picklable.
        workers: processes; 0 for one a core. A small store is labelled in this process.
        tick: called with the number of dialogues of each batch that is labelled.
    """
    return _in_order(store, make, workers, tick, small=count_dialogues(store) < WORTH_IT)


def _in_order(
    store: Path, make: Callable[[], Labeller[R]], count: int, tick: Callable[[int], object], small: bool
) -> Iterator[R]:
    with Workers(partial(_ArrowLabeller, make), count) as workers:
        for dialogues, result in workers.map(read_batches(store, BATCH), small=small):
            yield result
            tick(dialogues)
