"""How a webhook proves that Kefu sent it: the symmetric signature of Standard Webhooks (standardwebhooks.com).

``KEFU_WEBHOOK_SECRET`` holds the secret, ``whsec_`` and base64 of at least 24 bytes; two, divided by a blank, while a
new one takes the old one's place: a webhook then has both signatures. Whoever receives it checks one of them over the
body as it came, the age of ``webhook-timestamp``, and by ``webhook-id`` whether it came before.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os

from kefu.errors import Unusable

VARIABLE = "KEFU_WEBHOOK_SECRET"
PREFIX = "whsec_"
SHORTEST = 24  # bytes


def webhook_secrets() -> list[bytes]:
    """The keys that sign. Raises Unusable when there is none, or one is not a secret; the message shows none."""
    found = [_key(text) for text in os.environ.get(VARIABLE, "").split()]
    if not found:
        raise Unusable(f"{VARIABLE} is not set: set it to {PREFIX}$(openssl rand -base64 32), and give it to the shop")
    return found


def headers(message: str, timestamp: int, body: bytes, keys: list[bytes]) -> dict[str, str]:
    """The headers of one attempt.

    Args:
        message: id of the webhook, the same at each attempt.
        timestamp: of this attempt, seconds since 1970.
    """
    signed = f"{message}.{timestamp}.".encode() + body
    signatures = [base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    return {
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise Unusable(f"{VARIABLE}: is not {PREFIX} and base64: set what `openssl rand -base64 32` prints") from error
    if not text.startswith(PREFIX) or len(key) < SHORTEST:
        raise Unusable(f"{VARIABLE}: is not {PREFIX} and base64 of {SHORTEST} bytes or more: `openssl rand -base64 32`")
    return key
