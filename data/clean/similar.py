"""Pairs of dialogues that are near-duplicates: candidates by locality-sensitive hashing, then verified.

A signature of 128 bytes is 16 bands of 8. Two dialogues are candidates when they agree in a whole band:
at a similarity of 0.9 that is all but 1 of 8,000 pairs, at 0.5 one in 17. A candidate counts only when
the whole signatures' estimate reaches the bound. In a band that very many share (boilerplate), a row is
compared with the best row and the ``_NEIGHBOURS`` before it rather than with all, so that work stays
linear; a copy missed in one band is nearly always met in another. All is done on arrays, band by band.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from data.clean.minhash import WORDS, Signatures, similarity

_NEIGHBOURS = 4
_CHUNK = 200_000  # pairs verified at once, 256 bytes each
_MIX = np.arange(1, 2 * WORDS, 2, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
Rows = NDArray[np.int64]
Pairs = tuple[Rows, Rows, NDArray[np.float32]]  # first, second, similarity


def whole(signatures: Signatures) -> NDArray[np.uint64]:
    """One word for a whole signature: equal for equal ones, and in practice for no others."""
    return (signatures * _MIX).sum(axis=1, dtype=np.uint64)


def _runs(band: NDArray[np.uint64], order: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Pairs (earlier, later) of places in ``order`` whose band is the same: with the first, and with neighbours."""
    values = band[order]
    starts = np.concatenate([[True], values[1:] != values[:-1]])
    place = np.arange(len(order))
    first = np.maximum.accumulate(np.where(starts, place, 0))
    later = np.flatnonzero(first < place)
    yield first[later], later
    for distance in range(1, _NEIGHBOURS + 1):
        near = later[later - distance > first[later]]
        yield near - distance, near


def _verified(one: Signatures, a: Rows, other: Signatures, b: Rows, bound: float) -> Iterator[Pairs]:
    for start in range(0, len(a), _CHUNK):
        left, right = a[start : start + _CHUNK], b[start : start + _CHUNK]
        alike = similarity(one[left], other[right])
        enough = alike >= bound
        yield left[enough], right[enough], alike[enough]


def _joined(found: list[Pairs]) -> Pairs:
    none = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    a, b, alike = (np.concatenate(column) for column in zip(none, *found, strict=True))
    return a, b, alike


def within(signatures: Signatures, bound: float) -> Pairs:
    """Similar pairs of one day's rows, which come best first: in a pair, the better row is the first."""
    found: list[Pairs] = []
    for band in signatures.T:
        order = np.argsort(band, kind="stable")
        for a, b in _runs(band, order):
            found += _verified(signatures, order[a], signatures, order[b], bound)
    a, b, alike = _joined(found)
    _, once = np.unique(a * len(signatures) + b, return_index=True)  # sorted by the first, then the second
    return a[once], b[once], alike[once]


def against(signatures: Signatures, earlier: Signatures, bound: float) -> Pairs:
    """For each row with a similar row in an earlier day, the most similar there (of equals, the first)."""
    found: list[Pairs] = []
    for mine, theirs in zip(signatures.T, earlier.T, strict=True):
        order = np.argsort(theirs, kind="stable")
        values = theirs[order]
        place = np.searchsorted(values, mine)
        for distance in range(_NEIGHBOURS + 1):
            inside = np.flatnonzero(place + distance < len(values))
            rows = inside[values[place[inside] + distance] == mine[inside]]
            found += _verified(signatures, rows, earlier, order[place[rows] + distance], bound)
    a, b, alike = _joined(found)
    best = np.lexsort((b, -alike, a))
    a, b, alike = a[best], b[best], alike[best]
    _, once = np.unique(a, return_index=True)
    return a[once], b[once], alike[once]
