"""Sessions in Redis (or Valkey): history, flow state and vault, for as long as ``session_ttl_s``.

A message holds its session under a lease, so two at once do not interleave, on whichever replica they land; a
holder that dies frees it within LEASE_S. What a message changes is one commit: session, case, turns, answer, log lines.
It is refused when another message has held the session since. A session belongs to one customer: another's id does
not open it. A stranger's becomes the customer's who signs in, and stays it. While a case is open (``cases.py``), what
it needs of the session outlives it, and comes back with the next message.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import redis
from pydantic import BaseModel
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry

from kefu.privacy.pseudonyms import pseudonym
from serving.sessions import keys
from serving.sessions.cases import APART_S, Handoff
from serving.sessions.feed import CHANNEL, NewsFeed
from serving.sessions.keeper import Keeper
from serving.sessions.limits import DEFAULT, Limits
from serving.sessions.revocations import Revocations, TokenRevoked, customer_tokens, session_tokens
from serving.sessions.scripts import ACQUIRE, COMMIT, COUNT, RELEASE
from serving.sessions.session import SaidTurn, Session, Status
from serving.sessions.webhooks import KEPT as KEPT_WEBHOOKS
from serving.sessions.webhooks import case_event, rating_event

LEASE_S = 2  # renewed while its holder lives; the fence stops one that was only slow
WAIT_S = 30
POLL_S = 0.02
ANSWERS_S = 600  # for how long a message that comes again gets its first answer
KEPT_MESSAGES = 200  # turns of a session that its customer can read again
PATIENCE = Retry(ConstantBackoff(0.25), 8)  # 2 s: an embedded store that died is back, and no customer notices

Opened = tuple[Session, Handoff | None]


class SessionBusy(RuntimeError):
    """An earlier message of the session is still being answered."""


class NotYourSession(PermissionError):
    """The session belongs to someone else."""


class NoSuchCase(LookupError):
    """The case is closed, went back to the bot, or never was."""

    def __init__(self) -> None:
        super().__init__("no such case is open: it was closed, or the bot has the conversation: look at the queue")


@dataclass
class Held:
    """A session that one message holds, and what was known when it began.

    waiting: the open case. before: how many wait for a person before this customer, or would; None: it is not known.
    answered: what ``commit`` kept when the message came before; turn: the id of its last turn.
    key: names the message in the store and in the log; a client's id never enters them.
    """

    session: Session
    waiting: Handoff | None
    key: str
    token: str
    before: int | None = None
    answered: str | None = None
    turn: str = ""
    committed: bool = False


class Sessions:
    """Loads and saves sessions.

    Args:
        url: ``redis://…`` or ``unix:///path``.
        ttl: seconds after the last message in which a session is forgotten.
        limits: how much is kept of one.
        webhooks: whether a commit puts events for the shop into the store.
    """

    def __init__(self, url: str, ttl: int, limits: Limits = DEFAULT, webhooks: bool = False) -> None:
        self.client = redis.Redis.from_url(url, decode_responses=True, retry=PATIENCE, socket_connect_timeout=2)
        self._impatient = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=1)
        self._ttl, self._limits, self._webhooks = ttl, limits, webhooks
        self.revocations = Revocations(self.client, keys.REVOKED)
        self.feed = NewsFeed(url)
        self._keeper = Keeper(self.client, LEASE_S, keys.OUTBOX)
        self._acquire, self._commit, self._release, self._count = (
            self.client.register_script(script) for script in (ACQUIRE, COMMIT, RELEASE, COUNT)
        )

    def close(self) -> None:
        """Ends what runs beside the answers; the store stays as it is."""
        self.feed.close()
        self._keeper.close()

    def ping(self) -> None:
        """Raises redis.RedisError at once when the store does not answer, or takes nothing: it is full, or a copy."""
        self._impatient.set(keys.PROBE, "", ex=LEASE_S)

    def hold(
        self,
        session_id: str,
        customer: str | None,
        message: str | None = None,
        issued: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> AbstractContextManager[Held]:
        """Holds the session for one message; others wait up to WAIT_S seconds.

        Args:
            message: the client's id of the message; None: it is a new one in any case.
            issued: when the token was issued that names session and customer; None: no token was needed.
            sleep: how to wait a moment for who holds it.

        Raises:
            SessionBusy: the wait was too long. NotYourSession: it is another customer's. TokenRevoked.
        """

        def opened(stored: str | None, waiting: Handoff | None) -> Opened:
            session, waiting = self._opened(session_id, customer, stored, waiting)
            if session.identified and issued is not None:  # the token does not name the customer
                self.revocations.check(issued, customer_tokens(session.customer))
            return session, waiting

        whose = ["" if issued is None else repr(issued), session_tokens(session_id), customer_tokens(customer)]
        entry = keys.entry(session_id, _owner(session_id, customer))
        return self._lease(session_id, entry, message, whose, opened, sleep)

    def hold_case(self, session_id: str, message: str | None = None) -> AbstractContextManager[Held]:
        """Holds the session of an open case for a person; as ``hold``.

        Raises:
            NoSuchCase, SessionBusy.
        """

        def opened(stored: str | None, waiting: Handoff | None) -> Opened:
            if waiting is None:
                raise NoSuchCase
            session = Session.model_validate_json(stored) if stored else Session(id=session_id, lang=waiting.lang)
            session.status = status_of(session, waiting)
            return session, waiting

        return self._lease(session_id, self._entry_of(session_id), message, ["", "", ""], opened)

    @contextmanager
    def _lease(
        self,
        session_id: str,
        entry: str,
        message: str | None,
        whose: Sequence[str],
        opened: Callable[[str | None, Handoff | None], Opened],
        sleep: Callable[[float], None] = time.sleep,
    ) -> Iterator[Held]:
        key, token = keys.message_key(session_id, message or secrets.token_hex(16)), secrets.token_hex(16)
        lock, end = keys.lock(session_id), time.monotonic() + WAIT_S
        names = [lock, keys.fence(session_id), keys.session(session_id), keys.HANDOFFS, keys.answer(session_id, key)]
        names += [keys.REVOKED, keys.case(session_id), keys.QUEUE]
        arguments: list[str | int] = [token, LEASE_S * 1000, self._ttl, entry, *whose]
        while (found := self._acquire(names, arguments)) is None:
            if time.monotonic() > end:
                raise SessionBusy(f"session {session_id}: the message before is still being answered")
            sleep(POLL_S)
        if isinstance(found, str):
            raise TokenRevoked
        held = None
        try:
            with self._keeper.renewing(lock, token):
                stored, entered, answered, case, before = found
                session, waiting = opened(stored or case, _handoff(entered))
                known = before >= 0 and (waiting is None or keys.entry(session_id, waiting.customer) == entry)
                answer, _, turn = (answered or "").partition("\n")
                answer = None if answered is None else answer
                held = Held(session, waiting, key, token, before if known else None, answer, turn)
                yield held
        finally:
            if held is None or not held.committed:
                self._release([lock], [token])

    def load(self, session_id: str, customer: str | None) -> Session:
        """The session, or a new one; a stranger's is now the customer's. Raises NotYourSession for another's."""
        with self.client.pipeline(transaction=False) as pipe:
            pipe.mget(keys.session(session_id), keys.case(session_id))
            pipe.hget(keys.HANDOFFS, keys.entry(session_id, _owner(session_id, customer)))
            (stored, case), entered = pipe.execute()
        return self._opened(session_id, customer, stored or case, _handoff(entered))[0]

    def _opened(self, session_id: str, customer: str | None, stored: str | None, waiting: Handoff | None) -> Opened:
        session = Session(id=session_id, customer=customer) if stored is None else Session.model_validate_json(stored)
        if session.identified and customer is None:
            customer, waiting = session.customer, self.waiting(session)
        if session.customer is None and customer is not None:
            self._give(session, customer)
            waiting = self.waiting(session)  # it waited under the stranger's name
        if session.customer != customer:
            raise NotYourSession(f"session {session_id} belongs to someone else")
        session.status = status_of(session, waiting)
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

        A case stays open, with what it needs. First answers stay up to ANSWERS_S; nobody can ask for them.

        Args:
            issued, longest_s: of the token that asks for it; as for ``Revocations.revoke``.

        Raises:
            NotYourSession, SessionBusy, TokenRevoked.
        """
        with self.hold(session_id, customer, issued=issued):
            self.client.delete(keys.session(session_id), keys.turns(session_id))
            self.revocations.revoke(session_tokens(session_id), longest_s)

    def _give(self, session: Session, customer: str) -> None:
        """A stranger's session, and its case, become the customer's."""
        waiting, before = self.waiting(session), keys.entry(session.id, owner(session))
        session.customer = customer
        if waiting:
            moved = waiting.model_copy(update={"customer": owner(session)})
            with self.client.pipeline(transaction=True) as pipe:
                pipe.hset(keys.HANDOFFS, keys.entry(session.id, moved.customer), _stored(moved))
                pipe.hdel(keys.HANDOFFS, before)
                pipe.zadd(keys.QUEUE, {keys.entry(session.id, moved.customer): moved.score})
                pipe.zrem(keys.QUEUE, before)
                pipe.set(keys.case(session.id), _for_case(session))
                pipe.execute()

    def save(self, session: Session) -> None:
        self.client.set(keys.session(session.id), _stored(session), ex=self._ttl)

    def commit(
        self,
        held: Held,
        answer: str,
        log: str,
        handoff: Handoff | None = None,
        withdrawn: bool = False,
        turns: Sequence[SaidTurn] = (),
        rated: int | None = None,
    ) -> str:
        """Keeps all that a message has changed, and frees the session; all of it or nothing.

        Args:
            answer: what the message gets when it comes again; '': it has no id.
            log: lines of the conversation log; they stay here until ``logged``.
            handoff: opens a case; or brings the session's one up to date.
            withdrawn: ends the case.
            turns: what was said, for the customer to read again.
            rated: the customer's stars for the conversation, which the shop is told.

        Returns the id of the last turn, '' without one. Raises SessionBusy: another message has held the session
        since; nothing was kept.
        """
        session, id_ = held.session, held.session.id
        self._limits.trim(session)
        handoff = self._limits.trimmed(handoff) if handoff else None
        case = handoff or held.waiting
        entry = keys.entry(id_, case.customer if case else owner(session))
        # A case of an older release whose session is gone: whose the session was cannot be told, so none is made.
        kept = case is None or case.customer == owner(session)
        queued = _stored(handoff) if handoff else "withdrawn" if withdrawn else ""
        case_kept = _for_case(session) if handoff and kept else ""
        names = [keys.lock(id_), keys.fence(id_), keys.session(id_), keys.HANDOFFS, keys.answer(id_, held.key)]
        names += [keys.OUTBOX, keys.case(id_), keys.QUEUE, keys.turns(id_), keys.listening(id_)]
        names += [keys.answers(id_), keys.WEBHOOKS, keys.WEBHOOKS_DUE, keys.WEBHOOKS_LOST]
        event = self._event(held, handoff, withdrawn, rated)
        written = self._keeper.take_written()
        arguments: list[str | int | float] = [held.token, _stored(session) if kept else "", self._ttl, entry]
        arguments += [queued, answer, min(ANSWERS_S, self._ttl), held.key, log, case_kept]
        arguments += [handoff.score if handoff else 0, KEPT_MESSAGES, CHANNEL, int(any(t.unasked for t in turns)), id_]
        arguments += [self._limits.history_kb * 1024, self._limits.answers, *event, KEPT_WEBHOOKS, len(turns)]
        arguments += [*map(_stored, turns), *written]
        try:
            last = self._commit(names, arguments)
        except redis.RedisError:
            self._keeper.written(*written)
            raise
        if not isinstance(last, str):
            self._keeper.written(*written)
            raise SessionBusy(f"session {id_}: another message was answered meanwhile: send this one again")
        held.committed = True
        return last

    def _event(self, held: Held, handoff: Handoff | None, withdrawn: bool, rated: int | None) -> tuple[str, str]:
        """The webhook of a commit: a person is asked for, anew where one gave the case up; it is closed; a rating."""
        if not self._webhooks:
            return "", ""
        if rated is not None:
            return rating_event(held.session.id, rated)
        if handoff and (held.waiting is None or (held.waiting.agent and not handoff.agent)):
            return case_event(handoff, "handover.opened")
        if held.waiting and withdrawn and held.session.status == "closed":
            return case_event(held.waiting, "conversation.closed")
        return "", ""

    def logged(self, key: str) -> None:
        """Says that the log lines of a message are in a file."""
        self._keeper.written(key)

    def unlogged(self) -> Mapping[str, str]:
        """Log lines by message that no file may have: their writer died, or its disk was full."""
        return {str(message): str(lines) for message, lines in self.client.hgetall(keys.OUTBOX).items()}

    def waiting(self, session: Session) -> Handoff | None:
        """The session's open case."""
        return _handoff(self.client.hget(keys.HANDOFFS, keys.entry(session.id, owner(session))))

    def handoffs(self) -> list[Handoff]:
        """Open cases: danger first, then the oldest, then those that a person has."""
        waiting = [Handoff.model_validate_json(h) for h in self.client.hvals(keys.HANDOFFS)]
        return sorted(waiting, key=lambda handoff: handoff.score)

    def old_cases(self, now: float, taken_s: float, waiting_s: float) -> list[str]:
        """Sessions whose case was opened so many seconds ago: those that a person has, and those that wait.

        Cases without a place in the queue, of an older release, are not among them.
        """
        with self.client.pipeline(transaction=False) as pipe:
            pipe.zrangebyscore(keys.QUEUE, APART_S // 2, APART_S + now - taken_s)
            pipe.zrangebyscore(keys.QUEUE, -APART_S // 2, now - waiting_s)
            taken, waiting = pipe.execute()
        return [str(entry).partition(" ")[0] for entry in [*taken, *waiting]]

    def case(self, session_id: str) -> tuple[Handoff, Session]:
        """An open case, and what it needs of the session. Raises NoSuchCase."""
        with self.client.pipeline(transaction=True) as pipe:
            pipe.hget(keys.HANDOFFS, self._entry_of(session_id))
            pipe.get(keys.case(session_id))
            entered, stored = pipe.execute()
        if (handoff := _handoff(entered)) is None:
            raise NoSuchCase
        session = Session.model_validate_json(stored) if stored else Session(id=session_id, lang=handoff.lang)
        session.status = status_of(session, handoff)
        return handoff, session

    def _entry_of(self, session_id: str) -> str:
        """The entry of a session's case, whoever the customer is. Raises NoSuchCase."""
        before = keys.entry(session_id, "")
        found = (str(name) for name in self.client.hkeys(keys.HANDOFFS) if str(name).startswith(before))
        if (entry := next(found, None)) is None:
            raise NoSuchCase
        return entry

    def within_rate(self, key: str, per_minute: int) -> bool:
        """Counts an event; False when ``key`` had more than ``per_minute`` in the current minute."""
        return int(self._count([keys.rate(key)])) <= per_minute


def owner(session: Session) -> str:
    """A pseudonym, as the conversation log names whoever speaks; a stranger has one for this session only."""
    return _owner(session.id, session.customer)


def _owner(session_id: str, customer: str | None) -> str:
    return pseudonym(customer or f"session:{session_id}")


def status_of(session: Session, waiting: Handoff | None) -> Status:
    """Who has the conversation: its open case decides."""
    if waiting:
        return "person" if waiting.agent else "waiting"
    return "closed" if session.status == "closed" else "bot"


def _for_case(session: Session) -> str:
    """What a case needs of its session; its turns are in the case."""
    return _stored(session.model_copy(update={"turns": []}))


def _stored(model: BaseModel) -> str:
    """JSON without what is as it begins: a command of less than 6,000 bytes goes out at once."""
    return model.model_dump_json(exclude_defaults=True)


def _handoff(stored: object) -> Handoff | None:
    return None if stored is None else Handoff.model_validate_json(str(stored))
