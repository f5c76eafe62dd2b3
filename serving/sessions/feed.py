"""News of sessions: who listens on this replica hears when something was said, on whichever replica that was.

One connection and one thread a replica, however many listen, begun with the first of them. What is published is
the session's id alone: a listener reads what was said after what it knows, so that news that came twice, or were lost
with a connection, do no harm. A commit publishes what the shop says unasked, and all else only while somebody streams
the session (``keys.listening``): an answer costs no replica anything.

The same connection brings word of messages whose answer is to be stopped. One that is lost with the connection stops
nothing, and can be sent again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from serving.sessions import keys

logger = logging.getLogger(__name__)
CHANNEL = keys.PREFIX + "news"
STOPS = keys.PREFIX + "stops"
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
        self._stops: defaultdict[str, list[threading.Event]] = defaultdict(list)
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
            self._begin()
        try:
            yield listener[1]
        finally:
            with self._lock:
                self._listeners[session_id].remove(listener)
                if not self._listeners[session_id]:
                    del self._listeners[session_id]

    @contextmanager
    def stoppable(self, session_id: str, message: str, stop: threading.Event) -> Iterator[None]:
        """Meanwhile, ``stop`` is set when the message's answer is to be stopped, on whichever replica that was said."""
        key = keys.message_key(session_id, message)
        with self._lock:
            self._stops[key].append(stop)
            self._begin()
        try:
            yield
        finally:
            with self._lock:
                self._stops[key].remove(stop)
                if not self._stops[key]:
                    del self._stops[key]

    def stop(self, session_id: str, message: str) -> None:
        """Stops the answer to a message, on whichever replica; without one on its way, nothing happens."""
        key = keys.message_key(session_id, message)
        self._set(key)
        self._client.publish(STOPS, key)

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="session-news", daemon=True)
            self._thread.start()

    def _set(self, key: str) -> None:
        with self._lock:
            for stop in self._stops.get(key, []):
                stop.set()

    def _run(self) -> None:
        away = False
        while not self._closed.is_set():
            try:
                with self._client.pubsub() as subscription:
                    subscription.subscribe(CHANNEL, STOPS)
                    while not self._closed.is_set():
                        if news := subscription.get_message(timeout=POLL_S):
                            self._take(news)
                            away = False
            except redis.RedisError as error:
                if not (away or self._closed.is_set()):
                    logger.warning("news: the store does not answer: %s", error)
                away = True
                self._closed.wait(AGAIN_S)

    def _take(self, news: dict[str, Any]) -> None:
        if news["type"] == "message" and news["channel"] == STOPS:
            self._set(str(news["data"]))
        else:
            self._wake(str(news["data"]) if news["type"] == "message" else None)

    def _wake(self, session_id: str | None) -> None:
        """Tells who listens to a session; None: all, for the connection is new and something may have been missed."""
        with self._lock:
            found = [self._listeners.get(session_id, [])] if session_id else list(self._listeners.values())
            listeners = [listener for some in found for listener in some]
        for loop, event in listeners:
            with suppress(RuntimeError):  # the loop is closed, and so is the socket
                loop.call_soon_threadsafe(event.set)
