"""The key under which customers become pseudonyms.

One key for ingest and serving, from the environment only: whoever has the data but not the key cannot
tell whose conversations they are, and the same person still joins over days and channels. Without
``KEFU_SECRET`` a fixed, public development key is used, so that a fresh clone runs; it protects
nobody, and a warning says so. Changing the key makes new pseudonyms for everybody.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import logging
import os

from kefu.errors import Unusable

VARIABLE = "KEFU_SECRET"
SHORTEST = 16  # bytes; a shorter key could be tried out
DEVELOPMENT = b"kefu development key: protects nobody"


def is_development() -> bool:
    """Whether the public development key is in use."""
    return not os.environ.get(VARIABLE)


@functools.cache
def _warn() -> None:
    logging.getLogger(__name__).warning(
        "%s is not set: pseudonyms use the public development key. Set it before real customers' data come in.",
        VARIABLE,
    )


def secret() -> bytes:
    """The key. Raises Unusable when the one that is set is too short to protect anything."""
    if is_development():
        _warn()
        return DEVELOPMENT
    key = os.environ[VARIABLE].encode()
    if len(key) < SHORTEST:
        raise Unusable(
            f"{VARIABLE} has {len(key)} bytes, fewer than {SHORTEST}: set what `openssl rand -hex 32` prints"
        )
    return key


def _mac(text: str) -> str:
    return hmac.digest(secret(), text.encode(), "sha256").hex()


def pseudonym(customer_id: str) -> str:
    """A stable name for a customer that does not tell who it is: ``c_`` and 16 hex digits (HMAC-SHA256)."""
    return _pseudonym(customer_id, secret())


@functools.lru_cache(maxsize=4096)  # a message names its customer four times
def _pseudonym(customer_id: str, key: bytes) -> str:
    return f"c_{hmac.digest(key, customer_id.encode(), 'sha256').hex()[:16]}"


def signature(purpose: str, content: str) -> str:
    """Proves that the holder of the key wrote ``content`` for ``purpose``: HMAC-SHA256, 64 hex digits."""
    return _mac(f"kefu:signature:{purpose}\n{content}")


def fingerprint() -> str:
    """Tells whether the key changed, without telling the key."""
    return hashlib.sha256(_mac("kefu:key-fingerprint").encode()).hexdigest()[:16]


def is_pseudonym(text: str) -> bool:
    """Whether a text has the form of a pseudonym."""
    return len(text) == 18 and text.startswith("c_") and all(c in "0123456789abcdef" for c in text[2:])
