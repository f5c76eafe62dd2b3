"""A thread beside the answers: renews the leases of sessions that are held, and empties the outbox of what is logged.

It sleeps while there is nothing to do. A process that dies takes it along, and its leases run out.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import redis

from serving.sessions.scripts import RENEW

logger = logging.getLogger(__name__)


class Keeper:
    """See the module's description.

    Args:
        lease_s: how long a lease lasts; it is renewed four times in that time.
        outbox: the hash of log lines by message.
    """

    def __init__(self, client: redis.Redis, lease_s: float, outbox: str) -> None:
        self._client, self._lease_s, self._outbox = client, lease_s, outbox
        self._renew = client.register_script(RENEW)
        self._leases: dict[str, str] = {}  # lock → token
        self._written: set[str] = set()
        self._work = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def close(self) -> None:
        """Empties the outbox of what is logged, as far as the store still answers, and ends the thread."""
        with self._work:
            self._closed.set()
            self._work.notify()
        if messages := self.take_written():
            with suppress(redis.RedisError):
                self._client.hdel(self._outbox, *messages)

    @contextmanager
    def renewing(self, lock: str, token: str) -> Iterator[None]:
        """Renews the lease of ``lock`` until the end of the block."""
        with self._work:
            self._leases[lock] = token
            self._wake()
        try:
            yield
        finally:
            with self._work:
                if self._leases.get(lock) == token:
                    del self._leases[lock]

    def written(self, *messages: str) -> None:
        """The log lines of these messages are in a file: they leave the outbox soon."""
        with self._work:
            self._written.update(messages)
            self._wake()

    def take_written(self) -> list[str]:
        """Returns and forgets them: the caller takes them out of the outbox, or says ``written`` again."""
        with self._work:
            messages, self._written = list(self._written), set()
        return messages

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="session-keeper", daemon=True)
            self._thread.start()
        self._work.notify()

    def _run(self) -> None:
        away = False
        while not self._closed.is_set():
            with self._work:
                self._work.wait_for(lambda: self._leases or self._written or self._closed.is_set())
            self._closed.wait(self._lease_s / 4)  # without the condition, so that no answer wakes this thread
            try:
                self._tick()
                away = False
            except redis.RedisError as error:
                if not (away or self._closed.is_set()):
                    logger.warning("leases: the store does not answer: %s", error)
                away = True

    def _tick(self) -> None:
        with self._work:
            leases = dict(self._leases)
        for lock, token in leases.items():
            self._renew([lock], [token, int(self._lease_s * 1000)])
        if messages := self.take_written():
            try:
                self._client.hdel(self._outbox, *messages)
            except redis.RedisError:
                self.written(*messages)
                raise
