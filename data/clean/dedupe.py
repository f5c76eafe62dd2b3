"""Exact duplicates: the same session with the same turns at the same times, today or on any earlier day.

A key is a 16-byte BLAKE2 hash of a dialogue as it came in, under the secret: keys are stored beside
the partition, and an unkeyed hash of somebody's words could be guessed at. Rewordings and other
near-duplicates are not looked for here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from data.channels.base import RawTurn
from kefu.secret import secret

SIZE = 16  # bytes


class Seen:
    """The keys of all dialogues kept so far.

    Args:
        earlier: keys of earlier days.
    """

    def __init__(self, earlier: Iterable[bytes]) -> None:
        self._keys = set(earlier)
        self._secret = hashlib.blake2b(secret(), digest_size=32).digest()

    def key(self, session: str | None, turns: Sequence[RawTurn]) -> bytes:
        """Key of a dialogue; who wrote it down (source, file, customer) does not enter."""
        fields = [session or "", *(field or "" for turn in turns for field in turn)]
        lengths = ",".join(map(str, map(len, fields)))  # so that no text can look like two
        content = f"{lengths}\n{''.join(fields)}".encode()
        return hashlib.blake2b(content, digest_size=SIZE, key=self._secret).digest()

    def __contains__(self, key: bytes) -> bool:
        return key in self._keys

    def add(self, key: bytes) -> None:
        self._keys.add(key)


def read_keys(path: Path) -> list[bytes]:
    """Keys of a stored partition."""
    data = path.read_bytes()
    return [data[start : start + SIZE] for start in range(0, len(data), SIZE)]
