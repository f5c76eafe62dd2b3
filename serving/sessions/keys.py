"""The names of everything in the store, so that what is kept for a session is found again, and goes with it."""

from __future__ import annotations

import hashlib

PREFIX = "kefu:"
HANDOFFS = PREFIX + "waiting"  # a hash: session and customer → Handoff
QUEUE = PREFIX + "queue"  # a sorted set of the same: their places (Handoff.score)
OUTBOX = PREFIX + "outbox"  # a hash: message → log lines that are perhaps not in a file yet
PROBE = PREFIX + "probe"
REVOKED = PREFIX + "revoked"  # a sorted set: whose tokens → until when they were issued

WEBHOOKS = PREFIX + "webhooks"  # a hash: id → an event that the shop has not taken
WEBHOOKS_DUE = PREFIX + "webhooks-due"  # a sorted set of the same: when each is to be sent, seconds since 1970
WEBHOOKS_GIVEN_UP = PREFIX + "webhooks-given-up"  # a list: the newest that were sent in vain
WEBHOOKS_LOST = PREFIX + "webhooks-lost"  # how many were given up, or found too many that wait


def message_key(session_id: str, message: str) -> str:
    """A name for a message that tells nothing of the client's id, which may be anything."""
    return hashlib.blake2b(f"{session_id}\n{message}".encode(), digest_size=12).hexdigest()


def entry(session_id: str, customer: str) -> str:
    """A session of a customer (pseudonym), in HANDOFFS and QUEUE."""
    return f"{session_id} {customer}"


def lock(session_id: str) -> str:
    return f"{PREFIX}lock:{session_id}"


def fence(session_id: str) -> str:
    return f"{PREFIX}fence:{session_id}"


def session(session_id: str) -> str:
    return f"{PREFIX}session:{session_id}"


def answer(session_id: str, key: str) -> str:
    """The first answer to a message."""
    return f"{PREFIX}answer:{session_id}:{key}"


def answers(session_id: str) -> str:
    """A list: the names of the first answers of a session, the newest first."""
    return f"{PREFIX}answers:{session_id}"


def case(session_id: str) -> str:
    """What an open case needs of the session."""
    return f"{PREFIX}case:{session_id}"


def turns(session_id: str) -> str:
    """A stream: what was said, redacted."""
    return f"{PREFIX}turns:{session_id}"


def listening(session_id: str) -> str:
    """There while somebody streams all that is said."""
    return f"{PREFIX}listening:{session_id}"


def rate(what: str) -> str:
    return f"{PREFIX}rate:{what}"
