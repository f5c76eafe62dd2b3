"""Tokens that were taken back before their end: all of a session, or of a customer, that were issued until then.

One sorted set: whose tokens → when. It has no end of its own, so a store that is short of memory never drops it, as it
does with sessions. What is older than any token can be goes whenever something is added.
"""

from __future__ import annotations

import time

import redis

from kefu.privacy.pseudonyms import pseudonym


class TokenRevoked(PermissionError):
    """A token that was good once."""

    def __init__(self) -> None:
        super().__init__("this token was revoked: open another session")


class Revocations:
    """See the module's description.

    Args:
        name: of the sorted set.
    """

    def __init__(self, client: redis.Redis, name: str) -> None:
        self._client, self._name = client, name

    def revoke(self, whose: str, longest_s: int) -> None:
        """Takes back all tokens of a session or customer that were issued until now.

        Args:
            whose: as ``session_tokens`` or ``customer_tokens`` name it.
            longest_s: seconds that a token lasts at most.
        """
        now = time.time()
        with self._client.pipeline(transaction=True) as pipe:
            pipe.zadd(self._name, {whose: now})
            pipe.zremrangebyscore(self._name, "-inf", now - longest_s)
            pipe.execute()

    def check(self, issued: float, *whose: str) -> None:
        """Raises TokenRevoked when one of these took back the tokens that were issued at ``issued``."""
        if any(until is not None and issued <= until for until in self._client.zmscore(self._name, list(whose))):
            raise TokenRevoked


def session_tokens(session_id: str) -> str:
    """The tokens of a session."""
    return f"session:{session_id}"


def agent_tokens(name: str) -> str:
    """The tokens of a person who answers customers."""
    return f"agent:{pseudonym(name)}"


def customer_tokens(customer: str | None) -> str:
    """The tokens of a customer; a stranger has none but his session's."""
    return f"customer:{pseudonym(customer)}" if customer else ""
