"""Lexical similarity of a text to every entry: BM25, the nearest wording of its question, words it has and lacks.

BM25 as in Robertson & Zaragoza 2009, with weights computed once, so that a search adds up a few short arrays.
Scores are shares of what the text could reach at most, hence comparable between texts, and in [0, 1].
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from kefu.knowledge.terms import terms

K1, B = 1.2, 0.75


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
        self._entries = Postings(counts)
        self._bm25 = _bm25_weights(counts)[self._entries.order]
        sets = [dict.fromkeys(wording) for wording in wordings]
        self._wordings = Postings(sets)
        self._weights = np.array([sum(map(self._idf.__getitem__, one)) for one in sets])
        self._first = starts[:-1]  # each entry has at least one wording

    def scores(self, text: str) -> Lexical:
        distinct = dict.fromkeys(terms(text))
        bm25, coverage = np.zeros(self._size), np.zeros(self._size)
        shared = np.zeros(len(self._weights))
        whole = unknown = 0.0
        for term in distinct:
            idf = self._idf.get(term, self._rarest)
            whole += idf
            if (place := self._entries.places.get(term)) is None:
                unknown += idf
                continue
            documents = self._entries.documents[place]
            bm25[documents] += idf * self._bm25[place]
            coverage[documents] += idf
            if place := self._wordings.places.get(term):
                shared[self._wordings.documents[place]] += idf
        if not whole:
            return Lexical(bm25, np.zeros(self._size), coverage, 1.0, 0)
        jaccard = shared / (self._weights + whole - shared)
        question = np.maximum.reduceat(jaccard, self._first) if self._size else jaccard
        return Lexical(bm25 / (whole * (K1 + 1)), question, coverage / whole, unknown / whole, len(distinct))


class Postings:
    """The documents that have each term, in one array: a hundred thousand small ones took a second to make.

    documents: numbers, term by term; places: where in it a term's are. order: of what is computed document by document,
    as it stands here.

    Args:
        documents: the distinct terms of each.
    """

    def __init__(self, documents: Sequence[Iterable[str]]) -> None:
        numbers: dict[str, int] = {}
        sizes, found = [], list[int]()
        for one in documents:
            before = len(found)
            found.extend([numbers.setdefault(term, len(numbers)) for term in one])
            sizes.append(len(found) - before)
        terms_found = np.array(found, dtype=np.int64)
        self.order = np.argsort(terms_found, kind="stable")
        self.documents = np.repeat(np.arange(len(sizes)), sizes)[self.order]
        ends = np.cumsum(np.bincount(terms_found, minlength=len(numbers))).tolist()
        self.places = dict(zip(numbers, map(slice, [0, *ends[:-1]], ends), strict=True))


def _inverse_frequency(counts: Sequence[Mapping[str, int]]) -> dict[str, float]:
    frequency = Counter(term for one in counts for term in one)
    of = {n: float(np.log(1 + (len(counts) - n + 0.5) / (n + 0.5))) for n in set(frequency.values())}
    return {t: of[n] for t, n in frequency.items()}


def _bm25_weights(counts: Sequence[Counter[str]]) -> np.ndarray:
    """Of each document's terms, one document after the other."""
    lengths = np.array([one.total() for one in counts])
    mean = lengths.sum() / max(len(lengths), 1)
    n = np.array([number for one in counts for number in one.values()], dtype=np.int64)
    length = np.repeat(lengths, [len(one) for one in counts])
    return np.asarray(n * (K1 + 1) / (n + K1 * (1 - B + B * length / mean)))
