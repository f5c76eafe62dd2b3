"""Forgetting a customer: all that the store has of his sessions and open cases."""

from __future__ import annotations

import redis

from serving.sessions import keys
from serving.sessions.cases import Handoff
from serving.sessions.session import Session
from serving.sessions.store import owner


def forget_sessions(url: str, customer: str, write: bool) -> int:
    """Removes sessions and cases of a customer (pseudonym) from Redis; returns how many.

    Raises redis.RedisError when the server cannot be reached.
    """
    client = redis.Redis.from_url(url, decode_responses=True)
    gone = 0
    for name in client.scan_iter(keys.session("*")):
        stored = client.get(name)
        if stored and owner(Session.model_validate_json(str(stored))) == customer:
            gone += 1
            if write:
                session_id = str(name).removeprefix(keys.session(""))
                beside = keys.turns(session_id), keys.answers(session_id)
                client.delete(name, *beside, *client.scan_iter(keys.answer(session_id, "*")))
    for entry, waiting in client.hgetall(keys.HANDOFFS).items():
        handoff = Handoff.model_validate_json(waiting)
        if handoff.customer == customer:
            gone += 1
            if write:
                client.delete(keys.case(handoff.session))
                client.zrem(keys.QUEUE, entry)
                client.hdel(keys.HANDOFFS, entry)
    for message, lines in client.hgetall(keys.OUTBOX).items():
        if customer in str(lines) and write:
            client.hdel(keys.OUTBOX, message)
    return gone
