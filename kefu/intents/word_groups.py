"""Words of the same meaning as features: which of the pack's groups a text has, and which two together.

Few labelled turns cannot teach a model that "parcel", "shipment" and "package" are one thing; a shop owner
knows. A group (``shop/words.yaml``) is a regex. All groups are searched in one pass by RE2, whose time is
linear in the text whatever the regex: some 6 µs a turn, and no regex can hang a server. Its syntax has no
look-around and no back-reference; ``\\w``, ``\\d`` and ``\\b`` know ASCII only (``\\p{Han}`` knows Chinese).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations

import numpy as np
import re2
import scipy.sparse as sp

PAIRED = "text"  # the field of which pairs of groups are features too
MEMORY = 64 << 20  # bytes that one search may keep of what it learned of its texts


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = MEMORY
    return options


def check(pattern: str) -> None:
    """Raises ValueError when RE2 does not take the regex."""
    try:
        re2.compile(pattern, _options())
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise ValueError(f"{pattern!r} is no regex of RE2 (no look-around, no back-reference): {why}") from error


@cache
def _searcher(patterns: tuple[str, ...]) -> re2.Set:
    """Made once a process: it cannot be pickled, and learns from every text."""
    searcher = re2.Set.SearchSet(_options())
    for pattern in patterns:
        searcher.Add(pattern)
    searcher.Compile()
    return searcher


def found(patterns: Sequence[str], texts: Sequence[str]) -> list[list[int]]:
    """Which patterns occur in each text, as their numbers in order."""
    searcher = _searcher(tuple(patterns))
    return [sorted(searcher.Match(text) or ()) for text in texts] if patterns else [[] for _ in texts]


def word_counts(words: Mapping[str, str], fields: Sequence[str], texts: Mapping[str, Sequence[str]]) -> sp.csr_matrix:
    """(samples, ``word_width``) float32: 1 where a field has a group; then 1 where ``PAIRED`` has two.

    Args:
        words: group → regex.
        texts: field → the samples' texts.
    """
    patterns = [words[name] for name in sorted(words)]
    rows: list[list[int]] = [[] for _ in next(iter(texts.values()))]
    for number, field in enumerate(fields):
        for row, groups in zip(rows, found(patterns, texts[field]), strict=True):
            row += [number * len(words) + group for group in groups]
            if field == PAIRED:
                begin = len(fields) * len(words)
                row += [begin + one * len(words) + other for one, other in combinations(groups, 2)]
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.array([column for row in rows for column in row], dtype=np.int32)
    ones = np.ones(len(columns), dtype=np.float32)
    matrix = sp.csr_matrix((ones, columns, ends), shape=(len(rows), word_width(words, fields)))
    matrix.sort_indices()
    return matrix


def word_width(words: Mapping[str, str], fields: Sequence[str]) -> int:
    """Columns of ``word_counts``."""
    return len(fields) * len(words) + (len(words) ** 2 if PAIRED in fields else 0)
