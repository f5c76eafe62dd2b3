"""How many messages of one session a replica takes in a minute.

Counted in the process: a question to the store for each message costs more CPU than all the rest of the web layer. The
proxy sends a session's requests to one replica; who opens sockets to several gets the limit of each.
"""

from __future__ import annotations

import time
from collections import Counter


class RateLimit:
    """Counts events by key in each minute of the clock. For one event loop."""

    def __init__(self) -> None:
        self._minute, self._counts = 0, Counter[str]()

    def allows(self, key: str, per_minute: int) -> bool:
        """Counts an event; False when ``key`` had more than ``per_minute`` in the current minute."""
        if (minute := int(time.time()) // 60) != self._minute:
            self._minute, self._counts = minute, Counter()
        self._counts[key] += 1
        return self._counts[key] <= per_minute
