"""An ordered map over worker processes: bounded in memory, and without orphans.

Results come in the order of the items whatever the number of workers, and only a few items a worker are on
their way. A worker ends itself when its parent has died: nobody would take its results.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
Make = Callable[[], Callable[[T], R]]

AHEAD = 3  # items waiting per worker: memory stays bounded when the reader is faster
_function: Callable[[Any], Any] | None = None  # of this process, when it is a worker


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


class Workers(Generic[T, R]):
    """Processes that apply one function to many items. Use as a context; they start with the first ``map``.

    Args:
        make: makes the function, once in each process; picklable.
        count: processes; 0 for one a core. With one, everything is done in this process.
    """

    def __init__(self, make: Make[T, R], count: int = 0) -> None:
        self._make, self._count = make, count or cores()
        self._pool: ProcessPoolExecutor | None = None
        self._here: Callable[[T], R] | None = None

    def __enter__(self) -> Workers[T, R]:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def map(self, items: Iterable[T], *, small: bool = False) -> Iterator[R]:
        """Results in the order of ``items``; few items (``small``) are done in this process."""
        if small or self._count == 1:
            self._here = self._here or self._make()
            return map(self._here, items)
        return self._in_order(items)

    def _in_order(self, items: Iterable[T]) -> Iterator[R]:
        pool, waiting = self._started(), deque[Future[R]]()
        for item in items:
            waiting.append(pool.submit(_apply, item))
            if len(waiting) >= AHEAD * self._count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
            self._pool = ProcessPoolExecutor(self._count, context, _begin, (self._make,))
        return self._pool


def _begin(make: Callable[[], Callable[[Any], Any]]) -> None:
    global _function
    parent = multiprocessing.parent_process()
    assert parent
    threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
    _function = make()


def _apply(item: Any) -> Any:
    assert _function
    return _function(item)
