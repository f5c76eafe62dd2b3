"""Lexical similarity of a text to every entry: BM25, the nearest wording of its question, words it has and lacks.

BM25 as in Robertson & Zaragoza 2009, with weights computed once, so that a search adds up a few short arrays.
Scores are shares of what the text could reach at most, hence comparable between texts, and in [0, 1].
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from kefu.knowledge.terms import terms

K1, B = 1.2, 0.75
Postings = dict[str, tuple[np.ndarray, np.ndarray]]  # term → documents that have it, its weight in each


class Lexical(NamedTuple):
    """What the words of one text say about each of n entries.

    ``bm25``, ``question`` (weighted Jaccard with the nearest wording) and ``coverage`` (share of the text's weight that
    the entry has) are (n,) float64 in [0, 1]. ``unknown``: share of the weight that no entry has. ``terms``: of the
    text's different terms.
    """

    bm25: np.ndarray
    question: np.ndarray
    coverage: np.ndarray
    unknown: float
    terms: int


class LexicalIndex:
    """Words of the entries of one language.

    Args:
        questions: of each entry, all wordings that lead to it.
        answers: of each entry.
    """

    def __init__(self, questions: Sequence[Sequence[str]], answers: Sequence[str]) -> None:
        wordings = [terms(question) for some in questions for question in some]
        sizes = [len(some) for some in questions]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        documents = [
            [*(t for wording in wordings[starts[i] : starts[i + 1]] for t in wording), *terms(answer)]
            for i, answer in enumerate(answers)
        ]
        counts = [Counter(document) for document in documents]
        self._size = len(documents)
        self._idf = _inverse_frequency(counts)
        self._rarest = float(np.log(1 + (self._size + 0.5) / 0.5))
        self._entries = _postings(counts, _bm25_weights(counts))
        sets = [Counter(set(wording)) for wording in wordings]
        self._wordings = _postings(sets, [dict.fromkeys(one, 1.0) for one in sets])
        self._weights = np.array([sum(self._idf[t] for t in one) for one in sets])
        self._first = starts[:-1]  # each entry has at least one wording

    def scores(self, text: str) -> Lexical:
        distinct = dict.fromkeys(terms(text))
        bm25, coverage = np.zeros(self._size), np.zeros(self._size)
        shared = np.zeros(len(self._weights))
        whole = unknown = 0.0
        for term in distinct:
            idf = self._idf.get(term, self._rarest)
            whole += idf
            if term not in self._entries:
                unknown += idf
                continue
            documents, weights = self._entries[term]
            bm25[documents] += idf * weights
            coverage[documents] += idf
            if term in self._wordings:
                shared[self._wordings[term][0]] += idf
        if not whole:
            return Lexical(bm25, np.zeros(self._size), coverage, 1.0, 0)
        jaccard = shared / (self._weights + whole - shared)
        question = np.maximum.reduceat(jaccard, self._first) if self._size else jaccard
        return Lexical(bm25 / (whole * (K1 + 1)), question, coverage / whole, unknown / whole, len(distinct))


def _inverse_frequency(counts: Sequence[Mapping[str, int]]) -> dict[str, float]:
    frequency = Counter(term for one in counts for term in one)
    return {t: float(np.log(1 + (len(counts) - n + 0.5) / (n + 0.5))) for t, n in frequency.items()}


def _bm25_weights(counts: Sequence[Counter[str]]) -> list[dict[str, float]]:
    lengths = [one.total() for one in counts]
    mean = sum(lengths) / max(len(lengths), 1)
    return [
        {t: n * (K1 + 1) / (n + K1 * (1 - B + B * length / mean)) for t, n in one.items()}
        for one, length in zip(counts, lengths, strict=True)
    ]


def _postings(counts: Sequence[Mapping[str, int]], weights: Sequence[Mapping[str, float]]) -> Postings:
    documents: dict[str, list[int]] = {}
    for number, one in enumerate(counts):
        for term in one:
            documents.setdefault(term, []).append(number)
    return {t: (np.array(some), np.array([weights[i][t] for i in some])) for t, some in documents.items()}
