"""Exact duplicates: the same session with the same turns at the same times, today or on any earlier day.

Within a day two known customers have no duplicates of one another: "在吗" of one is not the other's.

A key is a 16-byte BLAKE2 hash of a dialogue as it came in, under the secret: keys are stored beside
the partition, and an unkeyed hash of somebody's words could be guessed at. Keys are compared as arrays,
one earlier day after the other, so that years of them need the memory of a day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.channels.base import RawTurn
from kefu.privacy.pseudonyms import secret

SIZE = 16  # bytes of a key
Words = NDArray[np.uint64]


class Hashes:
    """Keyed hashes of dialogues and of their sessions' names."""

    def __init__(self) -> None:
        self._secret = hashlib.blake2b(secret(), digest_size=32).digest()

    def key(self, session: str | None, turns: Sequence[RawTurn]) -> bytes:
        """Key of a dialogue; who wrote it down (source, file, customer) does not enter, nor which flow answered."""
        said = (field or "" for turn in turns for field in (turn.role, turn.text, turn.time))
        fields = [session or "", *said]
        lengths = ",".join(map(str, map(len, fields)))  # so that no text can look like two
        content = f"{lengths}\n{''.join(fields)}".encode()
        return hashlib.blake2b(content, digest_size=SIZE, key=self._secret).digest()

    def session(self, source: str, session: str) -> int:
        """64 bits for a session of a source."""
        content = f"{len(source)},{source}{session}".encode()
        return int.from_bytes(hashlib.blake2b(content, digest_size=8, key=self._secret).digest(), "little")


def _table(values: Words) -> Words:
    return values[:, None] if values.ndim == 1 else values


def repeats(values: Words) -> NDArray[np.bool_]:
    """Which rows (of n × k words) are equal to an earlier row."""
    columns = _table(values)
    order = np.lexsort(columns.T[::-1])  # stable: of equal rows, the first stays first
    same = (columns[order[1:]] == columns[order[:-1]]).all(axis=1)
    found = np.zeros(len(columns), bool)
    found[order[1:][same]] = True
    return found


def repeats_of_one(values: Words, customers: Words) -> NDArray[np.bool_]:
    """Which rows repeat an earlier one that may be the same customer's; ``customers`` is 0 for an unknown one."""
    found = repeats(values)
    kept = dict[bytes, list[int]]()
    for row in np.flatnonzero(is_contained(values, values[found])) if found.any() else ():
        before, who = kept.setdefault(values[row].tobytes(), []), int(customers[row])
        found[row] = bool(before) and any(who == other or not who or not other for other in before)
        if not found[row]:
            before.append(who)
    return found


def in_shared_session(sessions: Words, customers: Words) -> NDArray[np.bool_]:
    """Which rows are of a session that several known customers have."""
    again = repeats(sessions)
    rows = np.flatnonzero(is_contained(sessions, sessions[again])) if again.any() else np.empty(0, np.int64)
    people = dict[int, set[int]]()
    for row in rows:
        people.setdefault(int(sessions[row]), set()).add(int(customers[row]))
    found = np.zeros(len(sessions), bool)
    found[rows] = [len(people[int(sessions[row])] - {0}) > 1 for row in rows]
    return found


def is_contained(values: Words, held: Words) -> NDArray[np.bool_]:
    """Which rows of ``values`` (n × k words) are among ``held`` (m × k), told by their first word, then by all."""
    rows, others = _table(values), _table(held)
    if not len(others):
        return np.zeros(len(rows), bool)
    others = others[np.argsort(others[:, 0], kind="stable")]
    place = np.minimum(np.searchsorted(others[:, 0], rows[:, 0]), len(others) - 1)
    return np.asarray((others[place] == rows).all(axis=1))
