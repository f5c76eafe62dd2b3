"""Texts to sparse vectors of hashed character n-grams, in numpy.

No vocabulary has to be kept or agreed on (feature hashing: Weinberger et al. 2009,
arXiv:0902.2206), a new word of tomorrow has features too, and one code serves Chinese, English and
typing errors. Written in numpy because it hashes a whole corpus in one pass, one turn in some 0.1 ms,
and gives the same buckets on every machine and library version.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from kefu.text.placeholders import without_numbers

_START, _END = "\x02", "\x03"
_STEP, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD)
_WIDE = 0x2E80  # from here on scripts are East Asian, one character a syllable or word
_SHIFT = np.uint64(33)
REMEMBERED_TEXTS, REMEMBERED_CHARS = 1024, 400  # rows of longer texts would take much memory


class NgramCounts(NamedTuple):
    """Of one text: the buckets that it fills, (n,) int in order, and how often, (n,) float32."""

    indices: np.ndarray
    data: np.ndarray


def normalize(text: str) -> str:
    """Returns the text in lower case, with ``[phone]`` for ``[PHONE_2]``."""
    return without_numbers(text).lower()


def count_ngrams(texts: Sequence[str], ngrams: tuple[int, int], features: int, salt: int = 0) -> sp.csr_matrix:
    """Counts of each text's character n-grams.

    Args:
        texts: n texts, raw.
        ngrams: least and greatest width of an n-gram. A CJK character is 2 wide, as on a screen, any
            other 1: two Chinese characters say about what four letters do. A text's start and end are 1.
        features: number of buckets.
        salt: texts of another kind (the turn before, …) get another salt, hence other buckets.

    Returns: (n, features) float32.
    """
    framed = [f"{_START}{normalize(text)}{_END}" for text in texts]
    codes = np.frombuffer("".join(framed).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    rows = np.repeat(np.arange(len(framed)), [len(text) for text in framed])
    width_before = np.concatenate([[0], np.cumsum(1 + (codes >= _WIDE))])
    row_parts, bucket_parts = [], []
    hashes = np.full(len(codes), salt, dtype=np.uint64) * _MIX
    for n in range(1, ngrams[1] + 1):
        last = len(codes) - n + 1
        if last <= 0:
            break
        hashes = _mixed(hashes[:last] * _STEP + codes[n - 1 :])
        width = width_before[n:] - width_before[:-n]
        fits = (rows[:last] == rows[n - 1 :]) & (width >= ngrams[0]) & (width <= ngrams[1])  # within one text
        row_parts.append(rows[:last][fits])
        bucket_parts.append((hashes[fits] % np.uint64(features)).astype(np.int64))
    row, bucket = np.concatenate(row_parts or [rows[:0]]), np.concatenate(bucket_parts or [rows[:0]])
    ones = np.ones(len(row), dtype=np.float32)
    return sp.csr_matrix((ones, (row, bucket)), shape=(len(framed), features))


def count_row(text: str, ngrams: tuple[int, int], features: int, salt: int = 0) -> NgramCounts:
    """The row that ``count_ngrams`` gives for one text, without SciPy, whose overhead is most of its time there.

    Rows of short texts are remembered: a conversation's turns are read again with every message that follows.
    """
    count = _remembered_row if len(text) <= REMEMBERED_CHARS else _counted_row
    return count(text, ngrams, features, salt)


def _counted_row(text: str, ngrams: tuple[int, int], features: int, salt: int) -> NgramCounts:
    framed = f"{_START}{normalize(text)}{_END}"
    codes = np.frombuffer(framed.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    width_before = np.zeros(len(codes) + 1, dtype=np.int64)
    np.cumsum(1 + (codes >= _WIDE), out=width_before[1:])
    parts = []
    hashes = np.full(len(codes), salt, dtype=np.uint64) * _MIX
    for n in range(1, min(ngrams[1], len(codes)) + 1):
        hashes = _mixed(hashes[: len(codes) - n + 1] * _STEP + codes[n - 1 :])
        if ngrams[0] <= n <= ngrams[1] // 2:  # however wide its characters are, each of them fits
            parts.append(hashes)
            continue
        width = width_before[n:] - width_before[:-n]
        parts.append(hashes[(width >= ngrams[0]) & (width <= ngrams[1])])
    buckets = (np.concatenate(parts) % np.uint64(features)).astype(np.int64)
    buckets.sort()
    first = np.flatnonzero(buckets[1:] != buckets[:-1]) + 1
    bounds = np.concatenate(([0], first, [len(buckets)])) if len(buckets) else np.zeros(1, dtype=np.int64)
    counts = NgramCounts(buckets[bounds[:-1]], (bounds[1:] - bounds[:-1]).astype(np.float32))
    for array in counts:
        array.flags.writeable = False  # others get the same arrays
    return counts


_remembered_row = lru_cache(maxsize=REMEMBERED_TEXTS)(_counted_row)


def _mixed(hashes: np.ndarray) -> np.ndarray:
    """The finalizer of MurmurHash3: near inputs get far outputs."""
    hashes = (hashes ^ (hashes >> _SHIFT)) * _MIX
    return hashes ^ (hashes >> _SHIFT)


def inverse_frequency(counts: sp.csr_matrix, least: int) -> np.ndarray:
    """Smoothed idf of each bucket, (features,) float32; 0 for buckets that fewer than ``least`` texts have.

    For a classifier what occurs once cannot be told from noise (2 halves the model); for a search it may
    be the one word that matters (1).
    """
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1 + counts.shape[0]) / (1 + frequency)) + 1
    return np.where(frequency >= least, idf, 0).astype(np.float32)


def weigh_row(counts: NgramCounts, idf: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """(n,) float32: what ``weigh`` makes of one row's values."""
    data = (1 + np.log(counts.data)) * idf[counts.indices]
    length = float(np.sqrt(data @ data))
    return np.asarray(data * np.float32(scale / max(length, 1e-12)), dtype=np.float32)


def weigh(counts: sp.csr_matrix, idf: np.ndarray, scale: float = 1.0) -> sp.csr_matrix:
    """tf-idf with 1 + log tf, each row of length ``scale`` (a row without known n-grams stays 0)."""
    data = (1 + np.log(counts.data)) * idf[counts.indices]
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    length = np.sqrt(np.bincount(rows, weights=data**2, minlength=counts.shape[0]))
    data = data * (scale / np.maximum(length, 1e-12))[rows]
    return sp.csr_matrix((data.astype(np.float32), counts.indices, counts.indptr), shape=counts.shape)
