"""Blocking work beside an event loop: several chats stream at once, and none stops the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from typing import Final, TypeVar

T = TypeVar("T")


class _End:
    pass


END: Final = _End()


async def in_thread(pool: Executor, make: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
    """What ``make()`` yields, iterated in a thread of the pool; its errors are raised here.

    The iterator always runs to its end, even when nobody listens any more: a turn whose customer has
    closed the page is still remembered and logged.
    """
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[T | _End]()

    def work() -> None:
        try:
            for item in make():
                loop.call_soon_threadsafe(queue.put_nowait, item)
        finally:
            loop.call_soon_threadsafe(queue.put_nowait, END)

    done = loop.run_in_executor(pool, work)
    while not isinstance(item := await queue.get(), _End):
        yield item
    await done
