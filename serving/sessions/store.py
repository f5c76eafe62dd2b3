"""Sessions in Redis (or Valkey): history, flow state and vault, for as long as ``session_ttl_s``.

Every message of a session holds the session's lock, so two messages at once do not interleave, on
whichever replica they land. A session belongs to one customer: another's id does not open it. A stranger's
becomes the customer's who signs in, and stays it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

import redis
from redis.exceptions import LockError

from kefu.privacy.pseudonyms import pseudonym
from serving.sessions.session import Handoff, Session

PREFIX = "kefu:"
HANDOFFS = PREFIX + "waiting"  # a hash: session and customer → Handoff
LOCK_S = 120  # longer than any answer takes; frees the session when a replica dies in the middle
WAIT_S = 30


class SessionBusy(RuntimeError):
    """An earlier message of the session is still being answered."""


class NotYourSession(PermissionError):
    """The session belongs to someone else."""


class Sessions:
    """Loads and saves sessions.

    Args:
        url: ``redis://…`` or ``unix:///path``.
        ttl: seconds after the last message in which a session is forgotten.
    """

    def __init__(self, url: str, ttl: int) -> None:
        self.client = redis.Redis.from_url(url, decode_responses=True)
        self._ttl = ttl

    @contextmanager
    def lock(self, session_id: str) -> Iterator[None]:
        """Holds the session; others wait up to WAIT_S seconds, then get SessionBusy."""
        lock = self.client.lock(f"{PREFIX}lock:{session_id}", timeout=LOCK_S, blocking_timeout=WAIT_S, sleep=0.02)
        if not lock.acquire():
            raise SessionBusy(f"session {session_id}: the message before is still being answered")
        try:
            yield
        finally:
            with suppress(LockError):  # held longer than LOCK_S: it is free already
                lock.release()

    def load(self, session_id: str, customer: str | None) -> Session:
        """The session, or a new one; a stranger's is now the customer's. Raises NotYourSession for another's."""
        session = Session(id=session_id, customer=customer)
        with self.client.pipeline(transaction=False) as pipe:
            pipe.get(f"{PREFIX}session:{session_id}")
            pipe.hget(HANDOFFS, _entry(session_id, owner(session)))
            stored, entry = pipe.execute()
        if stored is not None:
            session = Session.model_validate_json(str(stored))
        waiting = _handoff(entry)
        if session.identified and customer is None:
            customer, waiting = session.customer, self.waiting(session)
        if session.customer is None and customer is not None:
            self._give(session, customer)
            waiting = self.waiting(session)  # it waited under the stranger's name
        if session.customer != customer:
            raise NotYourSession(f"session {session_id} belongs to someone else")
        session.status = "bot" if waiting is None else "danger" if waiting.danger else "waiting"
        return session

    def sign_in(self, session_id: str, customer: str) -> None:
        """Makes a stranger's session the customer's. Raises NotYourSession and SessionBusy."""
        with self.lock(session_id):
            self.save(self.load(session_id, customer))

    def _give(self, session: Session, customer: str) -> None:
        """A stranger's session, and its place in the queue, become the customer's."""
        waiting, before = self.waiting(session), _entry(session.id, owner(session))
        session.customer = customer
        if waiting:
            moved = waiting.model_copy(update={"customer": owner(session)})
            with self.client.pipeline(transaction=True) as pipe:
                pipe.hset(HANDOFFS, _entry(session.id, moved.customer), moved.model_dump_json())
                pipe.hdel(HANDOFFS, before)
                pipe.execute()

    def save(self, session: Session) -> None:
        self.client.set(f"{PREFIX}session:{session.id}", session.model_dump_json(), ex=self._ttl)

    def hand_off(self, handoff: Handoff) -> None:
        """Queues a conversation for a person, or brings its one entry up to date."""
        self.client.hset(HANDOFFS, _entry(handoff.session, handoff.customer), handoff.model_dump_json())

    def waiting(self, session: Session) -> Handoff | None:
        """The session's entry in the queue, while a person is asked for."""
        return _handoff(self.client.hget(HANDOFFS, _entry(session.id, owner(session))))

    def withdraw(self, session: Session) -> None:
        """Takes the session out of the queue."""
        self.client.hdel(HANDOFFS, _entry(session.id, owner(session)))

    def handoffs(self) -> list[Handoff]:
        """Conversations that wait for a person: danger first, then the oldest."""
        waiting = [Handoff.model_validate_json(h) for h in self.client.hvals(HANDOFFS)]
        return sorted(waiting, key=lambda h: (h.reason != "danger", datetime.fromisoformat(h.time)))

    def within_rate(self, key: str, per_minute: int) -> bool:
        """Counts an event; False when ``key`` had more than ``per_minute`` in the current minute."""
        second, _ = self.client.time()
        name = f"{PREFIX}rate:{key}:{second // 60}"
        with self.client.pipeline() as pipe:
            pipe.incr(name)
            pipe.expire(name, 120)
            count, _ = pipe.execute()
        return int(count) <= per_minute


def owner(session: Session) -> str:
    """A pseudonym, as the conversation log names whoever speaks; a stranger has one for this session only."""
    return pseudonym(session.customer or f"session:{session.id}")


def forget_sessions(url: str, customer: str, write: bool) -> int:
    """Removes sessions and hand-offs of a customer (pseudonym) from Redis; returns how many.

    Raises redis.RedisError when the server cannot be reached.
    """
    client = redis.Redis.from_url(url, decode_responses=True)
    gone = 0
    for name in client.scan_iter(f"{PREFIX}session:*"):
        stored = client.get(name)
        if stored and owner(Session.model_validate_json(str(stored))) == customer:
            gone += 1
            if write:
                client.delete(name)
    for entry, waiting in client.hgetall(HANDOFFS).items():
        if Handoff.model_validate_json(waiting).customer == customer:
            gone += 1
            if write:
                client.hdel(HANDOFFS, entry)
    return gone


def _handoff(stored: object) -> Handoff | None:
    return None if stored is None else Handoff.model_validate_json(str(stored))


def _entry(session_id: str, customer: str) -> str:
    return f"{session_id} {customer}"
