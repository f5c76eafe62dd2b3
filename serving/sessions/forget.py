"""Removes a person's live state: open sessions, and conversations that wait for a human agent."""

from __future__ import annotations

import redis

from serving.sessions.session import Handoff, Session
from serving.sessions.store import HANDOFFS, PREFIX, owner


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
