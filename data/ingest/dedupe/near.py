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

from data.ingest.dedupe.minhash import WORDS, Signatures, similarity

_NEIGHBOURS = 4
_CHUNK = 50_000  # rows looked at at once: temporary arrays stay small beside the signatures themselves
_MIX = np.arange(1, 2 * WORDS, 2, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
Rows = NDArray[np.int64]
Pairs = tuple[Rows, Rows, NDArray[np.float32]]  # first, second, similarity


def whole(signatures: Signatures, rows: Rows) -> NDArray[np.uint64]:
    """One word for each row's whole signature: equal for equal ones, and in practice for no others."""
    words = np.empty(len(rows), np.uint64)
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        words[start : start + _CHUNK] = (signatures[some] * _MIX).sum(axis=1, dtype=np.uint64)
    return words


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


def _verified(
    one: Signatures, rows: Rows, a: Rows, other: Signatures, b: Rows, others: Rows, bound: float
) -> Iterator[Pairs]:
    """Of the pairs of places ``a`` in ``rows`` of ``one`` and ``b`` in ``others`` of ``other``, those alike."""
    for start in range(0, len(a), _CHUNK):
        left, right = a[start : start + _CHUNK], b[start : start + _CHUNK]
        alike = similarity(one[rows[left]], other[others[right]])
        enough = alike >= bound
        yield left[enough], right[enough], alike[enough]


def _joined(found: list[Pairs]) -> Pairs:
    none = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    a, b, alike = (np.concatenate(column) for column in zip(none, *found, strict=True))
    return a, b, alike


def pairs_within_day(signatures: Signatures, rows: Rows, bound: float) -> Pairs:
    """Similar pairs among a day's ``rows``, given best first, as places in ``rows``: the better one is the first."""
    found: list[Pairs] = []
    for band in signatures.T:
        values = band[rows]
        order = np.argsort(values, kind="stable")
        for a, b in _runs(values, order):
            found += _verified(signatures, rows, order[a], signatures, order[b], rows, bound)
    a, b, alike = _joined(found)
    _, once = np.unique(a * len(rows) + b, return_index=True)  # sorted by the first, then the second
    return a[once], b[once], alike[once]


def against(signatures: Signatures, rows: Rows, earlier: Signatures, bound: float) -> Pairs:
    """For each place in ``rows`` with a similar row in an earlier day, the most similar one (of equals, the first)."""
    found: list[Pairs] = []
    every = np.arange(len(earlier))
    for mine, theirs in zip(signatures.T, earlier.T, strict=True):
        wanted, order = mine[rows], np.argsort(theirs, kind="stable")
        values = theirs[order]
        place = np.searchsorted(values, wanted)
        for distance in range(_NEIGHBOURS + 1):
            inside = np.flatnonzero(place + distance < len(values))
            same = inside[values[place[inside] + distance] == wanted[inside]]
            found += _verified(signatures, rows, same, earlier, order[place[same] + distance], every, bound)
    a, b, alike = _joined(found)
    best = np.lexsort((b, -alike, a))
    a, b, alike = a[best], b[best], alike[best]
    _, once = np.unique(a, return_index=True)
    return a[once], b[once], alike[once]
