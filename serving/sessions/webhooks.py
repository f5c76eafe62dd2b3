"""Webhooks that wait in the store until the shop has taken them. They are put there by the commit that they tell of.

Each is there with the time of its next try. Whoever takes one puts that time off, so that one whose taker died is tried
again, perhaps twice: the shop knows it by its id. What was tried in vain for days, or comes while too many wait, is
counted and kept in a list of the newest ones that were given up.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

from serving.sessions import keys
from serving.sessions.cases import Handoff

KEPT = 10_000  # that wait
GIVEN_UP_KEPT = 100

# Keys: due, webhooks. Arguments: now, until when the taker has it. Returns id and event of one that is due.
TAKE = """
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1)[1]
if not found then return false end
redis.call('ZADD', KEYS[1], ARGV[2], found)
return {found, redis.call('HGET', KEYS[2], found)}
"""


@dataclass(frozen=True)
class Webhook:
    """An event that the shop has not taken yet. tries: how often it was sent in vain."""

    id: str
    body: str
    tries: int


class WebhookQueue:
    """See the module's description."""

    def __init__(self, client: redis.Redis) -> None:
        self._client, self._take = client, client.register_script(TAKE)

    def take(self, seconds: float) -> Webhook | None:
        """One that is due, for so long; None: none is."""
        now = time.time()
        while found := self._take([keys.WEBHOOKS_DUE, keys.WEBHOOKS], [now, now + seconds]):
            id_, event = found
            if event is not None:
                kept = json.loads(event)
                return Webhook(id_, kept["body"], kept["tries"])
            self._client.zrem(keys.WEBHOOKS_DUE, id_)  # delivered by another meanwhile
        return None

    def delivered(self, webhook: Webhook) -> None:
        """The shop has it."""
        with self._client.pipeline(transaction=True) as pipe:
            self._remove(pipe, webhook)
            pipe.execute()

    def failed(self, webhook: Webhook, again_in_s: float | None) -> None:
        """The shop has not taken it.

        Args:
            again_in_s: seconds until the next try; None: it is given up.
        """
        with self._client.pipeline(transaction=True) as pipe:
            if again_in_s is None:
                self._remove(pipe, webhook)
                pipe.incr(keys.WEBHOOKS_LOST)
                pipe.lpush(keys.WEBHOOKS_GIVEN_UP, json.dumps({"id": webhook.id, "body": webhook.body}))
                pipe.ltrim(keys.WEBHOOKS_GIVEN_UP, 0, GIVEN_UP_KEPT - 1)
            else:
                pipe.hset(keys.WEBHOOKS, webhook.id, _stored(webhook.body, webhook.tries + 1))
                pipe.zadd(keys.WEBHOOKS_DUE, {webhook.id: time.time() + again_in_s})
            pipe.execute()

    @staticmethod
    def _remove(pipe: Any, webhook: Webhook) -> None:
        pipe.hdel(keys.WEBHOOKS, webhook.id)
        pipe.zrem(keys.WEBHOOKS_DUE, webhook.id)


def case_event(case: Handoff, kind: str) -> tuple[str, str]:
    """The id of a new webhook about a case, and what the store keeps of it: ids and no personal data."""
    return _event(kind, {"case": case.session, "reason": case.reason, "urgency": "high" if case.danger else "normal"})


def rating_event(session_id: str, csat: int) -> tuple[str, str]:
    """The id of a new webhook about a rating, and what the store keeps of it."""
    return _event("conversation.rated", {"session": session_id, "csat": csat})


def _event(kind: str, data: dict[str, Any]) -> tuple[str, str]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = json.dumps({"type": kind, "timestamp": now, "data": data}, separators=(",", ":"))
    return f"msg_{secrets.token_hex(16)}", _stored(body, 0)


def _stored(body: str, tries: int) -> str:
    return json.dumps({"body": body, "tries": tries})
