"""What a thread yields, in the event loop: for replicas, and for the process with the models, which has no dialogue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")


class _End:
    pass


END: Final = _End()


async def in_thread(
    start: Callable[[Callable[[], None]], Awaitable[None]], make: Callable[[], Iterator[T]]
) -> AsyncIterator[T]:
    """What ``make()`` yields, iterated in another thread, to its end even when nobody listens; errors are raised here.

    Args:
        start: runs a function in that thread, at once or later; its result is done when the function is.
    """
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[T | _End]()

    def work() -> None:
        try:
            for item in make():
                loop.call_soon_threadsafe(queue.put_nowait, item)
        finally:
            loop.call_soon_threadsafe(queue.put_nowait, END)

    done = start(work)
    while not isinstance(item := await queue.get(), _End):
        yield item
    await done
