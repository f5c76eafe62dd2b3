"""How many messages of one session a replica takes in a minute.

Counted in the process: a question to the store for each message costs more CPU than all the rest of the web layer. The
proxy sends a session's requests to one replica; who opens sockets to several gets the limit of each.
"""

from __future__ import annotations

import time
from collections import Counter


class RateLimit:
    """Counts events by key in each minute of the clock. For one event loop.

    Args:
        per_minute: how many each key may have.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute, self._minute, self._counts = per_minute, 0, Counter[str]()

    def allows(self, key: str) -> bool:
        """Counts an event; False when ``key`` had more than its share in the current minute."""
        if (minute := int(time.time()) // 60) != self._minute:
            self._minute, self._counts = minute, Counter()
        self._counts[key] += 1
        return self._counts[key] <= self._per_minute
