"""What was said in a session, for its customer to read again: with his own data, which the vault alone has."""

from __future__ import annotations

from dataclasses import dataclass

from kefu.privacy.redact import restore
from serving.sessions import keys
from serving.sessions.cases import Handoff
from serving.sessions.revocations import TokenRevoked, customer_tokens, session_tokens
from serving.sessions.session import SaidTurn, Session, Status
from serving.sessions.store import NotYourSession, Sessions, status_of

BEGIN = "0-0"  # before the first turn


@dataclass(frozen=True)
class PastTurn:
    """A turn, and its id: where to read on."""

    id: str
    turn: SaidTurn


@dataclass(frozen=True)
class History:
    status: Status
    turns: list[PastTurn]


def read_history(
    sessions: Sessions, session_id: str, customer: str | None, issued: float, after: str, limit: int
) -> History:
    """The turns after one, the oldest first; none of a session that was forgotten. It holds nobody up.

    Args:
        issued: when the token was issued that names session and customer.
        after: id of a turn, or BEGIN.

    Raises:
        NotYourSession, TokenRevoked.
    """
    whose = [session_tokens(session_id), customer_tokens(customer)]
    with sessions.client.pipeline(transaction=True) as pipe:
        pipe.zmscore(keys.REVOKED, whose)
        pipe.get(keys.session(session_id))
        pipe.xrange(keys.turns(session_id), min=f"({after}", count=limit)
        revoked, stored, entries = pipe.execute()
    if any(until is not None and issued <= until for until in revoked):
        raise TokenRevoked
    if stored is None:
        return History("bot", [])
    session = Session.model_validate_json(stored)
    if session.identified and customer is None:  # the token does not name the customer
        sessions.revocations.check(issued, customer_tokens(session.customer))
    elif session.customer not in (None, customer):
        raise NotYourSession(f"session {session_id} belongs to someone else")
    waiting: Handoff | None = sessions.waiting(session)
    found = [(str(id_), SaidTurn.model_validate_json(fields["turn"])) for id_, fields in entries]
    restored = [(id_, turn.model_copy(update={"text": restore(turn.text, session.vault)})) for id_, turn in found]
    return History(status_of(session, waiting), [PastTurn(id_, turn) for id_, turn in restored])


def keep_listening(sessions: Sessions, session_id: str, seconds: int) -> None:
    """Says that somebody streams all that is said in a session, for so long."""
    sessions.client.set(keys.listening(session_id), "", ex=seconds)


def last_turn(sessions: Sessions, session_id: str) -> str:
    """The id of what was said last; BEGIN when nothing was."""
    found = sessions.client.xrevrange(keys.turns(session_id), count=1)
    return str(found[0][0]) if found else BEGIN
