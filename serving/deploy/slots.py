"""Slots: one for each message that computes at once. Who waits for another process meanwhile lends his own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Slots(asyncio.BoundedSemaphore):
    """Slots of one event loop. lent: of messages that wait for another process now."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.lent = 0

    async def lend(self, work: Awaitable[T]) -> T:
        """Awaits ``work`` for a thread that holds a slot, which others may use until then."""
        self.release()
        self.lent += 1
        try:
            return await work
        finally:
            self.lent -= 1
            await self.acquire()
