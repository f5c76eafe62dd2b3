"""News of sessions: who listens on this replica hears when something was said, on whichever replica that was.

One connection and one thread a replica, however many sockets listen, begun with the first of them. What is published is
the session's id alone: a listener reads what was said after what it knows, so that news that came twice, or were lost
with a connection, do no harm. A commit publishes what the shop says unasked, and all else only while somebody streams
the session (``keys.listening``): an answer costs no replica anything.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from serving.sessions import keys

logger = logging.getLogger(__name__)
CHANNEL = keys.PREFIX + "news"
POLL_S = 1.0  # how soon the thread ends once the feed is closed
AGAIN_S = 0.5  # after the store was away
HEALTH_S = 15  # a connection that is silent for so long is asked whether it lives

Listener = tuple[asyncio.AbstractEventLoop, asyncio.Event]


class NewsFeed:
    """See the module's description."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url, decode_responses=True, retry=Retry(NoBackoff(), 0), health_check_interval=HEALTH_S
        )
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        """Ends the thread, soon."""
        self._closed.set()

    @contextmanager
    def listening(self, session_id: str) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set when something was said, and when the connection is new."""
        listener = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            self._listeners[session_id].append(listener)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="session-news", daemon=True)
                self._thread.start()
        try:
            yield listener[1]
        finally:
            with self._lock:
                self._listeners[session_id].remove(listener)
                if not self._listeners[session_id]:
                    del self._listeners[session_id]

    def _run(self) -> None:
        away = False
        while not self._closed.is_set():
            try:
                with self._client.pubsub() as subscription:
                    subscription.subscribe(CHANNEL)
                    while not self._closed.is_set():
                        if news := subscription.get_message(timeout=POLL_S):
                            self._wake(str(news["data"]) if news["type"] == "message" else None)
                            away = False
            except redis.RedisError as error:
                if not (away or self._closed.is_set()):
                    logger.warning("news: the store does not answer: %s", error)
                away = True
                self._closed.wait(AGAIN_S)

    def _wake(self, session_id: str | None) -> None:
        """Tells who listens to a session; None: all, for the connection is new and something may have been missed."""
        with self._lock:
            found = [self._listeners.get(session_id, [])] if session_id else list(self._listeners.values())
            listeners = [listener for some in found for listener in some]
        for loop, event in listeners:
            with suppress(RuntimeError):  # the loop is closed, and so is the socket
                loop.call_soon_threadsafe(event.set)
