"""Dialogues in batches, labelled in worker processes, results in the order of the store.

A day of 100,000 dialogues is never in memory: batches of rows go to the workers as Arrow, are parsed
there, and only a few are on their way at any time. One worker or many give the same results.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

import pyarrow as pa

from kefu.schema import Dialogue
from kefu.store import count_dialogues, parse_batch, read_batches

BATCH = 512  # dialogues
AHEAD = 3  # batches waiting per worker
WORTH_IT = 8 * BATCH  # fewer dialogues are done sooner than a worker starts

Result = TypeVar("Result", covariant=True)
R = TypeVar("R")
_labels: Labeller[object] | None = None


class Labeller(Protocol[Result]):
    """Labels a batch; made anew in each worker."""

    def __call__(self, dialogues: list[Dialogue]) -> Result: ...


def labelled(store: Path, make: Callable[[], Labeller[R]], workers: int) -> Iterator[R]:
    """What the labeller says of each batch, in the store's order.

    Args:
        make: makes the labeller; picklable.
        workers: processes; 0 for one a core. A small store is done in this process.
    """
    count = count_dialogues(store)
    workers = workers or len(os.sched_getaffinity(0))
    if workers == 1 or count < WORTH_IT:
        labeller = make()
        return (labeller(parse_batch(batch)) for batch in read_batches(store, BATCH))
    return _in_processes(store, make, workers)


def _in_processes(store: Path, make: Callable[[], Labeller[R]], workers: int) -> Iterator[R]:
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
    with ProcessPoolExecutor(workers, context, _begin, (make,)) as pool:
        waiting: deque[Future[R]] = deque()
        for batch in read_batches(store, BATCH):
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
    return _labels(parse_batch(batch))
