"""What is kept of a day: one pass over all fingerprints, in an order independent of the number of workers.

Exact duplicates go first, then all dialogues under a session id that two customers have, then a second dialogue
under one that is taken, then near-duplicates.
Of near copies within the day the best stays: one with a known outcome or rating, then the longest, then
the first; every dropped copy is itself similar to the one that stays. Against an earlier day the stored
dialogue always stays, however complete the other is: labels refer to it, and a past day never changes. Only a
later state of the stored session itself (continued, corrected) is kept beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.ingest.converted import Fingerprints
from data.ingest.dedupe.exact import in_shared_session, is_contained, repeats, repeats_of_one
from data.ingest.dedupe.minhash import Signatures
from data.ingest.dedupe.near import against, pairs_within_day, whole

KEPT, DUPLICATE, CLASH, NEAR, SHARED = range(5)


class Earlier(NamedTuple):
    """What an earlier day left behind; no ``signatures`` when it is too old to be compared with."""

    day: str
    keys: NDArray[np.uint64]
    sessions: NDArray[np.uint64]
    signatures: Signatures


class Copy(NamedTuple):
    """Which dialogue stays instead of a near-duplicate: its day ("": the same), row and session's hash."""

    day: str
    row: int
    similarity: float
    session: int


@dataclass
class Decision:
    """Per row what becomes of it; for near-duplicates, by row, the dialogue that stands for it."""

    fate: NDArray[np.int8]
    copies: dict[int, Copy]
    seen_before: int


def decide(fingerprints: Fingerprints, earlier: Iterable[Earlier], bound: float) -> Decision:
    """Decides which rows of a day are kept, and which are duplicates or near-duplicates.

    Args:
        earlier: one day after another, oldest first; each is let go before the next one is loaded.
        bound: similarity from which a row is a near-duplicate.
    """
    fate = np.full(len(fingerprints), KEPT, np.int8)
    twice, seen = repeats_of_one(fingerprints.keys, fingerprints.customers), np.zeros(len(fingerprints), bool)
    groups = _Groups(fingerprints)
    stored: dict[int, Copy] = {}
    for day in earlier:
        twice |= is_contained(fingerprints.keys, day.keys)
        seen |= is_contained(fingerprints.sessions, day.sessions)
        for row, other, alike in zip(
            *against(fingerprints.signatures, groups.best, day.signatures, bound), strict=True
        ):
            if row not in stored or alike > stored[row].similarity:
                stored[int(row)] = Copy(day.day, int(other), float(alike), int(day.sessions[other]))
    fate[twice] = DUPLICATE
    rest = np.flatnonzero(~twice)
    fate[rest[repeats(fingerprints.sessions[rest])]] = CLASH
    fate[rest[in_shared_session(fingerprints.sessions[rest], fingerprints.customers[rest])]] = SHARED
    copies = groups.copies(fate == KEPT, stored, bound)
    fate[list(copies)] = NEAR
    return Decision(fate, copies, int((seen & (fate == KEPT)).sum()))


class _Groups:
    """Rows with a signature, best first; those with the same one are a group, and its best stands for it."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        rows = np.flatnonzero(fingerprints.signatures.any(axis=1))
        self._rows = rows[np.argsort(-fingerprints.completeness[rows], kind="stable")]
        words = whole(fingerprints.signatures, self._rows)
        _, first, self._group = np.unique(words, return_index=True, return_inverse=True)
        self.best, self._signatures, self._sessions = self._rows[first], fingerprints.signatures, fingerprints.sessions

    def copies(self, alive: NDArray[np.bool_], stored: dict[int, Copy], bound: float) -> dict[int, Copy]:
        """Finds the near-duplicates among the rows that are not dropped yet.

        Args:
            stored: group → a dialogue of an earlier day that is similar to it.
        """
        usable = alive[self._rows]
        rows, group = self._rows[usable], self._group[usable]
        present, first = np.unique(group, return_index=True)  # rows come best first
        present = present[np.argsort(first)]
        leader = np.full(len(self.best), -1)
        leader[group[np.sort(first)]] = rows[np.sort(first)]
        decided = {one: copy for one, copy in stored.items() if leader[one] >= 0}
        for a, b, alike in zip(*pairs_within_day(self._signatures, leader[present], bound), strict=True):
            better, worse = int(present[a]), int(present[b])
            if better not in decided and worse not in decided:
                decided[worse] = self._here(int(leader[better]), float(alike))
        dropped = rows != leader[group]
        dropped |= np.isin(group, np.fromiter(decided, np.int64, len(decided)))
        found = {}
        for row, one in zip(rows[dropped].tolist(), group[dropped].tolist(), strict=True):
            copy = decided.get(one) or self._here(int(leader[one]), 1.0)
            if copy.session != self._sessions[row]:  # else: a later state of the stored session
                found[row] = copy
        return found

    def _here(self, row: int, alike: float) -> Copy:
        return Copy("", row, alike, int(self._sessions[row]))
