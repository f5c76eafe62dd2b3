"""Signed tokens: who a customer or an agent is (given by the shop), and which session is whose (given by Kefu).

``base64url(JSON).base64url(HMAC-SHA256)`` under ``KEFU_SECRET``, or a customer's under the key of a channel of the shop
(``access/channel_keys.py``). The kind is signed too, so a session
token never passes for a customer's or an agent's. Nothing is looked up here, so any replica can check one; whether it
was taken back since it was issued is found out elsewhere (``serving/sessions/revocations.py``). A shop signs in a
customer, and a person who answers customers, from its own backend like this:

    from serving.api.tokens import agent_token, customer_token
    customer_token("C1001", seconds=600)
    customer_token("C1001", seconds=600, key="app.2")
    agent_token("lin", seconds=28800)
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from kefu.privacy.pseudonyms import secret
from serving.api.access.channel_keys import DEFAULT, UnknownKey, channel_keys, channel_of, signing_key

AGENT_NAME = r"[^\x00-\x1f\x7f\s](?:[^\x00-\x1f\x7f]{0,62}[^\x00-\x1f\x7f\s])?"


class BadToken(PermissionError):
    """A token that is forged, expired, or of the wrong kind."""


@dataclass(frozen=True)
class Visitor:
    """Whom a session token speaks for, when (seconds since 1970) it was issued, and the channel it was opened by."""

    session: str
    customer: str | None
    issued: float
    channel: str = DEFAULT


@dataclass(frozen=True)
class SignedIn:
    """Whom a customer token speaks for, when it was issued, and by which channel's key."""

    customer: str
    issued: float
    key: str | None = None

    @property
    def channel(self) -> str:
        return channel_of(self.key)


@dataclass(frozen=True)
class Agent:
    """Whom an agent token speaks for, and when it was issued. Customers see the name."""

    name: str
    issued: float


def customer_token(customer: str, seconds: int, key: str | None = None) -> str:
    """Proves for some time that its bearer is this customer. Only the shop's backend should make one.

    Args:
        key: name of the channel's key; None: ``KEFU_SECRET``.

    Raises UnknownKey.
    """
    named = {} if key is None else {"kid": key}
    return _sign({"kind": "customer", "customer": customer, **named}, seconds, signing_key(key))


def read_customer(token: str, longest_s: int) -> SignedIn:
    """Whom it speaks for. Raises BadToken.

    Args:
        longest_s: seconds that it may last, from its issue on: for so long it is known when tokens are taken back.
    """
    claimed = _claims(token).get("kid")
    key = claimed if isinstance(claimed, str) else None
    payload = _read(token, "customer", key)
    customer, issued = payload.get("customer"), _issued_within(payload, longest_s)
    if customer is None:
        raise BadToken("this token names no customer")
    return SignedIn(str(customer), issued, key)


def agent_token(name: str, seconds: int) -> str:
    """Proves for some time that its bearer is this person. Only the shop's backend should make one.

    Args:
        name: as customers and other agents see it: 1 to 64 characters, none of them a control character.
    """
    if not re.fullmatch(AGENT_NAME, name):
        raise ValueError(f"agent: {name!r} does not match {AGENT_NAME}: give a name of 1 to 64 characters")
    return _sign({"kind": "agent", "agent": name}, seconds, secret())


def read_agent(token: str, longest_s: int) -> Agent:
    """Whom it speaks for. Raises BadToken. Args as for ``read_customer``."""
    payload = _read(token, "agent")
    name, issued = payload.get("agent"), _issued_within(payload, longest_s)
    if not isinstance(name, str) or not re.fullmatch(AGENT_NAME, name):
        raise BadToken("this token names no agent")
    return Agent(name, issued)


def session_token(customer: str | None, seconds: int, session: str | None = None, opened_by: str | None = None) -> str:
    """Opens a session; a stranger's has no customer.

    Args:
        session: id of a session that goes on; None for a new one.
        opened_by: name of the key of the customer's token: the session's token is good for as long as that key.
    """
    payload = {"kind": "session", "session": session or secrets.token_urlsafe(16), "customer": customer}
    return _sign(payload | ({} if opened_by is None else {"opened_by": opened_by}), seconds, secret())


def read_session(token: str) -> Visitor:
    """Whose session it is. Raises BadToken."""
    payload = _read(token, "session")
    session, customer, key = payload.get("session"), payload.get("customer"), payload.get("opened_by")
    if key is not None and key not in channel_keys():
        raise BadToken(f"this session was opened with the key {key}, which was taken back: sign in again")
    if not isinstance(session, str) or not (customer is None or isinstance(customer, str)):
        raise BadToken("this token names no session")
    return Visitor(session, customer, _issued(payload), channel_of(key))


def _sign(payload: dict[str, Any], seconds: int, key: bytes) -> str:
    now = time.time()
    signed = payload | {"issued": now, "expires": int(now) + seconds}
    body = _encode(json.dumps(signed, separators=(",", ":")).encode())
    return f"{body}.{_encode(_mac(body, key))}"


def claimed_channel(token: str) -> str:
    """The channel that a token says it is of. Nothing is proven: another claim makes the token a bad one."""
    claims = _claims(token)
    key = claims.get("kid") or claims.get("opened_by")
    return channel_of(key) if isinstance(key, str) else DEFAULT


def _claims(token: str) -> dict[str, Any]:
    """What a token says, before anything of it is proven; nothing when it is none."""
    try:
        claims = json.loads(_decode(token.partition(".")[0]))
    except (RecursionError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _read(token: str, kind: str, key: str | None = None) -> Mapping[str, Any]:
    """Args: key: name of the key that it must be signed with; None: ``KEFU_SECRET``."""
    try:
        payload = _payload(token, signing_key(key))
    except UnknownKey as error:
        raise BadToken("this token is signed with a key that is not known here, or was taken back") from error
    if payload.get("kind") != kind:
        raise BadToken(f"this is a {payload.get('kind')} token; a {kind} token is needed")
    expires = payload.get("expires")
    if not isinstance(expires, int | float) or expires < time.time():
        raise BadToken("this token has expired")
    return payload


def _issued_within(payload: Mapping[str, Any], longest_s: int) -> float:
    """When it was issued. Raises BadToken for one that lasts longer than ``longest_s`` from then on."""
    issued = _issued(payload)
    if payload["expires"] - issued > longest_s + 1:  # its end is a whole second
        raise BadToken(f"this token lasts longer than {longest_s} s (serving.session_token_s), or has no `issued`")
    return issued


def _issued(payload: Mapping[str, Any]) -> float:
    """0 when the token does not say it."""
    issued = payload.get("issued")
    return float(issued) if isinstance(issued, int | float) else 0.0


@lru_cache(maxsize=4096)  # a session's token comes with each of its messages
def _payload(token: str, key: bytes) -> Mapping[str, Any]:
    """What was signed. Raises BadToken, which is not remembered, when the signature is not of ``key``."""
    body, _, signature = token.partition(".")
    try:
        genuine = hmac.compare_digest(_decode(signature), _mac(body, key))
    except (binascii.Error, ValueError):
        genuine = False
    if not genuine:
        raise BadToken("this token was not issued here")
    return MappingProxyType(json.loads(_decode(body)))


def _mac(body: str, key: bytes) -> bytes:
    return hmac.digest(key, b"kefu token:" + body.encode(), "sha256")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
