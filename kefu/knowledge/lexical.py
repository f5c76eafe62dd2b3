"""Lexical similarity of a text to every entry: BM25, the nearest wording of its question, words it has and lacks.

BM25 as in Robertson & Zaragoza 2009, with weights computed once, so that a search adds up a few short arrays.
Scores are shares of what the text could reach at most, hence comparable between texts, and in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
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
        sizes = [len(some) for some in questions]
        wordings = [question for some in questions for question in some]
        self._size = len(answers)
        self._rarest = float(np.log(1 + (self._size + 0.5) / 0.5))
        self._first = np.cumsum([0, *sizes])[:-1]  # each entry has at least one wording
        # In whole arrays, not text by text: a new server waits for this.
        self._numbers: dict[str, int] = {}
        spoken = [
            [self._numbers.setdefault(term, len(self._numbers)) for term in terms(text)]
            for text in (*wordings, *answers)
        ]
        numbers = np.array([number for one in spoken for number in one], np.int64)
        texts = np.repeat(np.arange(len(spoken)), [len(one) for one in spoken])
        entries = np.concatenate([np.repeat(np.arange(self._size), sizes), np.arange(self._size)])[texts]

        self._entries, counts = _postings(numbers, entries, len(self._numbers))
        lengths = np.bincount(entries, minlength=self._size)
        relative = lengths[self._entries.documents] / (lengths.sum() / max(self._size, 1))
        self._bm25 = counts * (K1 + 1) / (counts + K1 * (1 - B + B * relative))
        found_in = np.diff(self._entries.starts)
        self._idf = np.log(1 + (self._size - found_in + 0.5) / (found_in + 0.5))

        of_wordings = texts < len(wordings)
        self._wordings, _ = _postings(numbers[of_wordings], texts[of_wordings], len(self._numbers))
        weights = np.repeat(self._idf, np.diff(self._wordings.starts))
        self._weights = np.bincount(self._wordings.documents, weights, minlength=len(wordings))

    def scores(self, text: str) -> Lexical:
        distinct = dict.fromkeys(terms(text))
        bm25, coverage = np.zeros(self._size), np.zeros(self._size)
        shared = np.zeros(len(self._weights))
        whole = unknown = 0.0
        for term in distinct:
            number = self._numbers.get(term)
            if number is None:
                whole += self._rarest
                unknown += self._rarest
                continue
            idf = float(self._idf[number])
            whole += idf
            place = self._entries.place(number)
            documents = self._entries.documents[place]
            bm25[documents] += idf * self._bm25[place]
            coverage[documents] += idf
            shared[self._wordings.documents[self._wordings.place(number)]] += idf
        if not whole:
            return Lexical(bm25, np.zeros(self._size), coverage, 1.0, 0)
        jaccard = shared / (self._weights + whole - shared)
        question = np.maximum.reduceat(jaccard, self._first) if self._size else jaccard
        return Lexical(bm25 / (whole * (K1 + 1)), question, coverage / whole, unknown / whole, len(distinct))


class Postings(NamedTuple):
    """The documents that have each term, term by term, and where each term's begin: (terms + 1,)."""

    documents: np.ndarray
    starts: np.ndarray

    def place(self, term: int) -> slice:
        """Where a term's documents stand."""
        return slice(self.starts[term], self.starts[term + 1])


def _postings(terms_found: np.ndarray, documents: np.ndarray, size: int) -> tuple[Postings, np.ndarray]:
    """Postings of what was found in which document, and how often a document has the term.

    Args:
        size: how many terms there are.
    """
    width = int(documents.max(initial=0)) + 1
    pairs, counts = np.unique(terms_found * width + documents, return_counts=True)
    return Postings(pairs % width, np.searchsorted(pairs // width, np.arange(size + 1))), counts
