"""Who converts the batches: this process, worker processes, or a Ray cluster. All give the same parts in order."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from multiprocessing.connection import wait
from typing import Protocol

from data.ingest.batches import Batch, SourceDay, batches, units
from data.ingest.convert import Converter, Settings
from data.ingest.converted import Part

_WORTH_IT = 2_000_000  # bytes of raw files below which starting processes takes longer than the work
_AHEAD = 3  # batches waiting per worker: memory stays bounded when the reader is faster
_converter: Converter | None = None


class Runner(Protocol):
    """Parts of a day's sources, in the order of their records."""

    def __call__(self, day: str, sources: Sequence[SourceDay]) -> Iterator[Part]: ...


def chosen(settings: Settings) -> AbstractContextManager[Runner]:
    """The runner of ``ingest.runner``, to be used as a context."""
    if settings.params.runner == "ray":
        from data.ingest.ray_workers import OnRay  # imports ray, which takes seconds

        return OnRay(settings)
    return Local(settings, settings.params.workers)


def _begin(settings: Settings) -> None:
    """Prepares a worker, which ends itself when its parent has died: nobody would take its results."""
    global _converter
    _converter = Converter(settings)
    parent = multiprocessing.parent_process()
    assert parent
    threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()


def _work(batch: Batch) -> Part:
    assert _converter
    return _converter(batch)


def _read(day: str, sources: Sequence[SourceDay]) -> Iterator[Batch]:
    for unit in units(sources):
        yield from batches(day, unit)


class Local:
    """Worker processes of this machine, started when a day is worth it. Use as a context.

    Args:
        workers: how many; 0 for one a core. With one, everything is done in this process.
    """

    def __init__(self, settings: Settings, workers: int) -> None:
        self._settings = settings
        self._workers = workers or len(os.sched_getaffinity(0))
        self._converter = Converter(settings)
        self._pool: ProcessPoolExecutor | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __call__(self, day: str, sources: Sequence[SourceDay]) -> Iterator[Part]:
        size = sum(file.stat().st_size for source in sources for file in source.files)
        if self._workers == 1 or size < _WORTH_IT:
            return map(self._converter, _read(day, sources))
        return _in_order(self._started().submit, _read(day, sources), _AHEAD * self._workers)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
            pool = ProcessPoolExecutor(self._workers, context, _begin, (self._settings,))
            self._stack.callback(pool.shutdown, cancel_futures=True)
            self._pool = pool
        return self._pool


def _in_order(
    submit: Callable[[Callable[[Batch], Part], Batch], Future[Part]], read: Iterator[Batch], ahead: int
) -> Iterator[Part]:
    waiting = deque[Future[Part]]()
    for batch in read:
        waiting.append(submit(_work, batch))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
