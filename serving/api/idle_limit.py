"""How long, and how many at once, connections may wait for their client.

A connection that waits costs a place at the ingress and memory, and anybody can open one. So each wait ends
after some seconds, and beyond a number of waits the longest one ends now. Closing the oldest instead of
refusing the newest keeps the door open in an attack: a customer's page sends its token at once, so it is
never the one that waits longest. The victim is taken from the address that has most of them.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class IdleLimit:
    """Connections of one kind that wait for their client. For one event loop.

    Args:
        most: how many may wait at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waits: defaultdict[str, dict[asyncio.Timeout, None]] = defaultdict(dict)  # by peer, oldest first
        self._count = 0

    @asynccontextmanager
    async def wait(self, peer: str, seconds: float) -> AsyncIterator[None]:
        """Around the wait for ``peer``. Raises TimeoutError after ``seconds``, or earlier when there are too many."""
        async with asyncio.timeout(seconds) as deadline:
            self._waits[peer][deadline] = None
            self._count += 1
            try:
                if self._count > self._most:
                    self._end_oldest()
                yield
            finally:
                self._forget(peer, deadline)

    def _end_oldest(self) -> None:
        peer = max(self._waits, key=lambda name: len(self._waits[name]))
        oldest = next(iter(self._waits[peer]))
        oldest.reschedule(asyncio.get_running_loop().time())
        self._forget(peer, oldest)

    def _forget(self, peer: str, deadline: asyncio.Timeout) -> None:
        """Takes a wait from the count, once."""
        waits = self._waits[peer]
        if deadline in waits:
            del waits[deadline]
            self._count -= 1
        if not waits:
            del self._waits[peer]
