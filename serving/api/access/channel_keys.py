"""Keys of channels: the shop's app, its page and each messenger sign their customers' tokens with a key of their own.

``KEFU_CHANNEL_KEYS`` holds them, divided by blanks: ``app=SECRET web=SECRET web.2=SECRET``. What stands before the dot
of a key's name is the channel; what stands behind tells its keys apart while a new one takes the old one's place. A
token names its key (``kid``); one without a name is of ``KEFU_SECRET``, whose channel is 'default'. A channel's key
signs customers' tokens of the channel and nothing else: no agent's, no session's. When it is taken out, its tokens and
the sessions that they opened are refused, and no other channel notices.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from kefu.errors import Unusable
from kefu.privacy.pseudonyms import SHORTEST, secret
from serving.params import CHANNEL_NAME

VARIABLE = "KEFU_CHANNEL_KEYS"
DEFAULT = "default"
KEY_ID = rf"{CHANNEL_NAME}(?:\.[a-z0-9_-]{{1,32}})?"


class UnknownKey(KeyError):
    """A key that this server does not have, or not any more."""


def channel_keys() -> Mapping[str, bytes]:
    """The keys by name. Raises Unusable when the variable cannot be read; the message shows no key."""
    return _parsed(os.environ.get(VARIABLE, ""))


def signing_key(key_id: str | None) -> bytes:
    """The key of a name; None: that of ``KEFU_SECRET``. Raises UnknownKey."""
    if key_id is None:
        return secret()
    try:
        return channel_keys()[key_id]
    except KeyError:
        raise UnknownKey(key_id) from None


def channel_of(key_id: str | None) -> str:
    """The channel that a key is of."""
    return DEFAULT if key_id is None else key_id.partition(".")[0]


@lru_cache(maxsize=4)  # each message's token asks for it
def _parsed(text: str) -> Mapping[str, bytes]:
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(text.split(), 1):
        name, _, key = entry.partition("=")
        where = f"{VARIABLE}: entry {number}"
        if not re.fullmatch(KEY_ID, name) or channel_of(name) == DEFAULT:
            raise Unusable(
                f"{where}: is not NAME=SECRET with a name like app or app.2: write it so; {DEFAULT} is taken"
            )
        if name in keys:
            raise Unusable(f"{where}: {name} is there twice: give each key of a channel a name of its own, {name}.2")
        if len(key.encode()) < SHORTEST:
            raise Unusable(f"{where}: {name} has fewer than {SHORTEST} bytes: set what `openssl rand -hex 32` prints")
        keys[name] = key.encode()
    return MappingProxyType(keys)
