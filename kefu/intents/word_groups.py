"""Word groups as features: which groups of the pack a text has, and which pairs of them.

Few labelled turns cannot teach a model that "parcel", "shipment" and "package" mean the same; a shop owner
knows it. A group (``shop/words.yaml``) is a regex. RE2 searches all groups together, in time that is
linear in the text whatever the regex: no regex can hang a server. Its syntax has no
look-around and no back-reference; ``\\w``, ``\\d`` and ``\\b`` match ASCII only (``\\p{Han}`` matches Chinese).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import combinations

import numpy as np
import re2
import scipy.sparse as sp

from kefu.text.regexes import re2_options

PAIRED = "text"  # the field in which pairs of groups are features too
REMEMBERED_TEXTS, REMEMBERED_CHARS = 1024, 400  # for each set of patterns; longer texts would take much memory


@cache
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], tuple[int, ...]]:
    """Returns what finds the numbers of the patterns that occur in a text; made once a process, not to be pickled.

    The searcher looks for the words that a regex cannot match without, then for the regexes that are left. One
    automaton of all regexes (``re2.Set``) builds most of its states anew for each text that it has not seen: 1.8 ms
    for 191 regexes.
    """
    searcher = re2.Filter()
    for pattern in patterns:
        searcher.Add(pattern, re2_options())
    searcher.Compile()

    def match(text: str) -> tuple[int, ...]:
        return tuple(sorted(searcher.Match(text) or ()))

    remembered = lru_cache(maxsize=REMEMBERED_TEXTS)(match)
    return lambda text: remembered(text) if len(text) <= REMEMBERED_CHARS else match(text)


@cache
def _matcher_among(patterns: tuple[str, ...], together: tuple[str, ...]) -> Callable[[str], tuple[int, ...]]:
    """Returns what ``_matcher(patterns)`` does, from a search for all of ``together``, which others share."""
    match = _matcher(together)
    if together == patterns:
        return match
    numbers: dict[str, list[int]] = {}
    for number, pattern in enumerate(patterns):
        numbers.setdefault(pattern, []).append(number)
    of_found = [numbers.get(pattern, []) for pattern in together]
    return lambda text: tuple(sorted(number for found in match(text) for number in of_found[found]))


def find_groups(patterns: Sequence[str], texts: Sequence[str]) -> list[list[int]]:
    """Returns for each text the numbers of the patterns that occur in it, in order."""
    if not patterns:
        return [[] for _ in texts]
    match = _matcher(tuple(patterns))
    found = {text: list(match(text)) for text in dict.fromkeys(texts)}  # many messages follow the same question
    return [found[text] for text in texts]


def word_counts(words: Mapping[str, str], fields: Sequence[str], texts: Mapping[str, Sequence[str]]) -> sp.csr_matrix:
    """Returns (samples, ``word_width``) float32: 1 where a field has a group, and where ``PAIRED`` has a pair.

    Args:
        words: group → regex.
        fields: names of the fields; their columns are in this order.
        texts: field → the samples' texts.
    """
    patterns = group_patterns(words)
    rows: list[list[int]] = [[] for _ in next(iter(texts.values()))]
    for number, field in enumerate(fields):
        for row, groups in zip(rows, find_groups(patterns, texts[field]), strict=True):
            row += _columns(groups, number, field, len(fields), len(patterns))
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.array([column for row in rows for column in row], dtype=np.int32)
    ones = np.ones(len(columns), dtype=np.float32)
    matrix = sp.csr_matrix((ones, columns, ends), shape=(len(rows), word_width(words, fields)))
    matrix.sort_indices()
    return matrix


def group_patterns(words: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the groups' regexes in the order of their columns."""
    return tuple(words[name] for name in sorted(words))


def word_columns(
    patterns: tuple[str, ...], fields: Sequence[str], texts: Mapping[str, str], together: tuple[str, ...]
) -> np.ndarray:
    """Returns the columns (n,) int that are 1 in the row that ``word_counts`` gives for one sample's texts.

    Args:
        together: the patterns, and others that the same texts are searched for.
    """
    columns: list[int] = []
    if patterns:
        match = _matcher_among(patterns, together)
        for number, field in enumerate(fields):
            columns += _columns(match(texts[field]), number, field, len(fields), len(patterns))
    return np.array(columns, dtype=np.int64)


def _columns(groups: Sequence[int], number: int, field: str, fields: int, size: int) -> list[int]:
    """Columns of the groups of one of so many fields, and of their pairs. size: number of all groups."""
    begin = fields * size
    pairs = combinations(groups, 2) if field == PAIRED else ()
    return [number * size + group for group in groups] + [begin + i * size + j for i, j in pairs]


def word_width(words: Mapping[str, str], fields: Sequence[str]) -> int:
    """Returns the number of columns of ``word_counts``."""
    return len(fields) * len(words) + (len(words) ** 2 if PAIRED in fields else 0)
