"""Sessions in Redis (or Valkey): history, flow state and vault, for as long as ``session_ttl_s``.

A message holds its session under a lease, so two at once do not interleave, on whichever replica they land; a
holder that dies frees it within LEASE_S. What a message changes is one commit: session, hand-over, answer, log lines.
It is refused when another message has held the session since. A session belongs to one customer: another's id does
not open it. A stranger's becomes the customer's who signs in, and stays it.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry

from kefu.privacy.pseudonyms import pseudonym
from serving.sessions.keeper import Keeper
from serving.sessions.revocations import Revocations, TokenRevoked, customer_tokens, session_tokens
from serving.sessions.scripts import ACQUIRE, COMMIT, COUNT, RELEASE
from serving.sessions.session import Handoff, Session

PREFIX = "kefu:"
HANDOFFS = PREFIX + "waiting"  # a hash: session and customer → Handoff
OUTBOX = PREFIX + "outbox"  # a hash: message → log lines that are perhaps not in a file yet
PROBE = PREFIX + "probe"
REVOKED = PREFIX + "revoked"  # a sorted set: whose tokens → until when they were issued
LEASE_S = 5  # renewed while its holder lives
WAIT_S = 30
POLL_S = 0.02
ANSWERS_S = 600  # for how long a message that comes again gets its first answer
PATIENCE = Retry(ConstantBackoff(0.25), 8)  # 2 s: an embedded store that died is back, and no customer notices


class SessionBusy(RuntimeError):
    """An earlier message of the session is still being answered."""


class NotYourSession(PermissionError):
    """The session belongs to someone else."""


@dataclass
class Held:
    """A session that one message holds, and what was known when it began.

    waiting: the entry in the queue for a person. answered: what ``commit`` kept when the message came before.
    key: names the message in the store and in the log; a client's id never enters them.
    """

    session: Session
    waiting: Handoff | None
    key: str
    token: str
    answered: str | None
    committed: bool = False


class Sessions:
    """Loads and saves sessions.

    Args:
        url: ``redis://…`` or ``unix:///path``.
        ttl: seconds after the last message in which a session is forgotten.
    """

    def __init__(self, url: str, ttl: int) -> None:
        self.client = redis.Redis.from_url(url, decode_responses=True, retry=PATIENCE, socket_connect_timeout=2)
        self._impatient = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=1)
        self._ttl = ttl
        self.revocations = Revocations(self.client, REVOKED)
        self._keeper = Keeper(self.client, LEASE_S, OUTBOX)
        self._acquire, self._commit, self._release, self._count = (
            self.client.register_script(script) for script in (ACQUIRE, COMMIT, RELEASE, COUNT)
        )

    def close(self) -> None:
        """Ends what runs beside the answers; the store stays as it is."""
        self._keeper.close()

    def ping(self) -> None:
        """Raises redis.RedisError at once when the store does not answer, or takes nothing: it is full, or a copy."""
        self._impatient.set(PROBE, "", ex=LEASE_S)

    @contextmanager
    def hold(
        self, session_id: str, customer: str | None, message: str | None = None, issued: float | None = None
    ) -> Iterator[Held]:
        """Holds the session for one message; others wait up to WAIT_S seconds.

        Args:
            message: the client's id of the message; None: it is a new one in any case.
            issued: when the token was issued that names session and customer; None: no token was needed.

        Raises:
            SessionBusy: the wait was too long. NotYourSession: it is another customer's. TokenRevoked.
        """
        key, token = message_key(session_id, message or secrets.token_hex(16)), secrets.token_hex(16)
        lock, end = _lock(session_id), time.monotonic() + WAIT_S
        entry = _entry(session_id, _owner(session_id, customer))
        keys = [lock, _fence(session_id), _session(session_id), HANDOFFS, _answer(session_id, key), REVOKED]
        arguments: list[str | int] = [token, LEASE_S * 1000, self._ttl, entry, "" if issued is None else repr(issued)]
        arguments += [session_tokens(session_id), customer_tokens(customer)]
        while (found := self._acquire(keys, arguments)) is None:
            if time.monotonic() > end:
                raise SessionBusy(f"session {session_id}: the message before is still being answered")
            time.sleep(POLL_S)
        if isinstance(found, str):
            raise TokenRevoked
        held = None
        try:
            with self._keeper.renewing(lock, token):
                stored, waiting, answered = found
                held = Held(*self._opened(session_id, customer, stored, waiting), key, token, answered)
                if held.session.identified and issued is not None:  # the token does not name the customer
                    self.revocations.check(issued, customer_tokens(held.session.customer))
                yield held
        finally:
            if held is None or not held.committed:
                self._release([lock], [token])

    def load(self, session_id: str, customer: str | None) -> Session:
        """The session, or a new one; a stranger's is now the customer's. Raises NotYourSession for another's."""
        with self.client.pipeline(transaction=False) as pipe:
            pipe.get(_session(session_id))
            pipe.hget(HANDOFFS, _entry(session_id, _owner(session_id, customer)))
            stored, entry = pipe.execute()
        return self._opened(session_id, customer, stored, entry)[0]

    def _opened(
        self, session_id: str, customer: str | None, stored: str | None, entry: str | None
    ) -> tuple[Session, Handoff | None]:
        session = Session(id=session_id, customer=customer) if stored is None else Session.model_validate_json(stored)
        waiting = _handoff(entry)
        if session.identified and customer is None:
            customer, waiting = session.customer, self.waiting(session)
        if session.customer is None and customer is not None:
            self._give(session, customer)
            waiting = self.waiting(session)  # it waited under the stranger's name
        if session.customer != customer:
            raise NotYourSession(f"session {session_id} belongs to someone else")
        session.status = "bot" if waiting is None else "danger" if waiting.danger else "waiting"
        return session, waiting

    def sign_in(self, session_id: str, customer: str, issued: float | None = None, was: str | None = None) -> None:
        """Makes a stranger's session the customer's.

        Args:
            issued: when the session's token was issued that is to go on; ``was``: the customer that it names.

        Raises:
            NotYourSession, SessionBusy, TokenRevoked.
        """
        with self.hold(session_id, customer) as held:
            if issued is not None:
                self.revocations.check(issued, session_tokens(session_id), customer_tokens(was))
            self.save(held.session)

    def end(self, session_id: str, customer: str | None, issued: float, longest_s: int) -> None:
        """Forgets a session and takes back its tokens, once the message that came before is answered.

        What waits for a person stays in the queue. First answers stay up to ANSWERS_S; nobody can ask for them.

        Args:
            issued, longest_s: of the token that asks for it; as for ``Revocations.revoke``.

        Raises:
            NotYourSession, SessionBusy, TokenRevoked.
        """
        with self.hold(session_id, customer, issued=issued):
            self.client.delete(_session(session_id))
            self.revocations.revoke(session_tokens(session_id), longest_s)

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
        self.client.set(_session(session.id), session.model_dump_json(), ex=self._ttl)

    def commit(
        self, held: Held, answer: str, log: str, handoff: Handoff | None = None, withdrawn: bool = False
    ) -> None:
        """Keeps all that a message has changed, and frees the session; all of it or nothing.

        Args:
            answer: what the message gets when it comes again.
            log: lines of the conversation log; they stay here until ``logged``.
            handoff: queued for a person; or it brings the session's one entry up to date.
            withdrawn: takes the session out of the queue.

        Raises:
            SessionBusy: another message has held the session since; nothing was kept.
        """
        session = held.session
        keys = [_lock(session.id), _fence(session.id), _session(session.id), HANDOFFS]
        keys += [_answer(session.id, held.key), OUTBOX]
        entry = _entry(session.id, handoff.customer if handoff else owner(session))
        queued = handoff.model_dump_json() if handoff else "withdrawn" if withdrawn else ""
        written = self._keeper.take_written()
        arguments: list[str | int] = [held.token, session.model_dump_json(), self._ttl, entry, queued]
        arguments += [answer, min(ANSWERS_S, self._ttl), held.key, log, *written]
        try:
            held.committed = bool(self._commit(keys, arguments))
        except redis.RedisError:
            self._keeper.written(*written)
            raise
        if not held.committed:
            self._keeper.written(*written)
            raise SessionBusy(f"session {session.id}: another message was answered meanwhile: send this one again")

    def logged(self, key: str) -> None:
        """Says that the log lines of a message are in a file."""
        self._keeper.written(key)

    def unlogged(self) -> Mapping[str, str]:
        """Log lines by message that no file may have: their writer died, or its disk was full."""
        return {str(message): str(lines) for message, lines in self.client.hgetall(OUTBOX).items()}

    def waiting(self, session: Session) -> Handoff | None:
        """The session's entry in the queue, while a person is asked for."""
        return _handoff(self.client.hget(HANDOFFS, _entry(session.id, owner(session))))

    def handoffs(self) -> list[Handoff]:
        """Conversations that wait for a person: danger first, then the oldest."""
        waiting = [Handoff.model_validate_json(h) for h in self.client.hvals(HANDOFFS)]
        return sorted(waiting, key=lambda h: (h.reason != "danger", datetime.fromisoformat(h.time)))

    def within_rate(self, key: str, per_minute: int) -> bool:
        """Counts an event; False when ``key`` had more than ``per_minute`` in the current minute."""
        return int(self._count([f"{PREFIX}rate:{key}"])) <= per_minute


def owner(session: Session) -> str:
    """A pseudonym, as the conversation log names whoever speaks; a stranger has one for this session only."""
    return _owner(session.id, session.customer)


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
                session_id = str(name).removeprefix(_session(""))
                client.delete(name, *client.scan_iter(_answer(session_id, "*")))
    for entry, waiting in client.hgetall(HANDOFFS).items():
        if Handoff.model_validate_json(waiting).customer == customer:
            gone += 1
            if write:
                client.hdel(HANDOFFS, entry)
    for message, lines in client.hgetall(OUTBOX).items():
        if customer in str(lines) and write:
            client.hdel(OUTBOX, message)
    return gone


def _handoff(stored: object) -> Handoff | None:
    return None if stored is None else Handoff.model_validate_json(str(stored))


def message_key(session_id: str, message: str) -> str:
    """A name for a message that tells nothing of the client's id, which may be anything."""
    return hashlib.blake2b(f"{session_id}\n{message}".encode(), digest_size=12).hexdigest()


def _owner(session_id: str, customer: str | None) -> str:
    return pseudonym(customer or f"session:{session_id}")


def _lock(session_id: str) -> str:
    return f"{PREFIX}lock:{session_id}"


def _fence(session_id: str) -> str:
    return f"{PREFIX}fence:{session_id}"


def _session(session_id: str) -> str:
    return f"{PREFIX}session:{session_id}"


def _answer(session_id: str, key: str) -> str:
    return f"{PREFIX}answer:{session_id}:{key}"


def _entry(session_id: str, customer: str) -> str:
    return f"{session_id} {customer}"
