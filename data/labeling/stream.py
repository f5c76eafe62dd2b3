"""Dialogues in batches, labelled in worker processes, results in the order of the store.

A day of 100,000 dialogues is never in memory: batches of rows go to the workers as Arrow, are parsed
there, and only a few are on their way at any time. One worker or many give the same results.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from kefu.schema import Dialogue
from kefu.store import DIALOGUES

BATCH = 512  # dialogues
AHEAD = 3  # batches waiting per worker
WORTH_IT = 8 * BATCH  # fewer dialogues are done sooner than a worker starts

Result = TypeVar("Result", covariant=True)
R = TypeVar("R")
_labels: Labeller[object] | None = None


class Labeller(Protocol[Result]):
    """Labels a batch; made anew in each worker."""

    def __call__(self, dialogues: list[Dialogue]) -> Result: ...


def partitions(store: Path) -> list[Path]:
    """Raises FileNotFoundError when ingest has not run."""
    found = sorted(store.glob(f"dt=*/{DIALOGUES}"))
    if not found:
        raise FileNotFoundError(f"{store}: no dt=*/{DIALOGUES}; run the ingest stage first")
    return found


def batches(store: Path) -> Iterator[pa.RecordBatch]:
    """All dialogues of the store as Arrow, oldest day first."""
    for path in partitions(store):
        yield from pq.ParquetFile(path).iter_batches(batch_size=BATCH)


def parsed(batch: pa.RecordBatch) -> list[Dialogue]:
    return [Dialogue.model_validate(row) for row in batch.to_pylist()]


def chosen(store: Path, ids: Iterable[str]) -> dict[str, Dialogue]:
    """The dialogues of these ids, without reading the others into memory."""
    wanted = pa.array(sorted(set(ids)), pa.string())
    found: dict[str, Dialogue] = {}
    for batch in batches(store):
        rows = pa.compute.is_in(batch.column("id"), value_set=wanted)
        found |= {dialogue.id: dialogue for dialogue in parsed(batch.filter(rows))}
    return found


def labelled(store: Path, make: Callable[[], Labeller[R]], workers: int) -> Iterator[R]:
    """What the labeller says of each batch, in the store's order.

    Args:
        make: makes the labeller; picklable.
        workers: processes; 0 for one a core. A small store is done in this process.
    """
    count = sum(pq.ParquetFile(path).metadata.num_rows for path in partitions(store))
    workers = workers or len(os.sched_getaffinity(0))
    if workers == 1 or count < WORTH_IT:
        labeller = make()
        return (labeller(parsed(batch)) for batch in batches(store))
    return _in_processes(store, make, workers)


def _in_processes(store: Path, make: Callable[[], Labeller[R]], workers: int) -> Iterator[R]:
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
    with ProcessPoolExecutor(workers, context, _begin, (make,)) as pool:
        waiting: deque[Future[R]] = deque()
        for batch in batches(store):
            waiting.append(pool.submit(_work, batch))  # type: ignore[arg-type]
            if len(waiting) >= AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _begin(make: Callable[[], Labeller[object]]) -> None:
    global _labels
    _labels = make()


def _work(batch: pa.RecordBatch) -> object:
    assert _labels is not None
    return _labels(parsed(batch))
