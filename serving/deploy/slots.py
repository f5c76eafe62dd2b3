"""Slots: one for each message that computes at once. Who waits for another process meanwhile lends his own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def without_slot(slots: asyncio.Semaphore, work: Awaitable[T]) -> T:
    """Awaits ``work`` for a thread that holds a slot, which others may use until then."""
    slots.release()
    try:
        return await work
    finally:
        await slots.acquire()
