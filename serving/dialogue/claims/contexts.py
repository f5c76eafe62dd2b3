"""What a claim speaks of: the words around it, nearer ones with more weight, as a sparse vector."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

Vector = Mapping[str, float]

TOKEN = re.compile(r"[\u3400-\u9fff]|[A-Za-z']+")
SOFT = re.compile(r"、|\band\b")  # between the members of a list
CLAUSE = re.compile(r"[，,；;。！？!?\n|（()）]|\.(?=\s|$)|\s[-–—]\s")
_STOP_EN = """
a an the of to it its is are was be been we you your our i my me in on at and or for from with by as that this
member members they them if then will so up also only their there within
"""
_STOP = set("的了是在和与就都也把我您你们请啊呢吧吗哦亲们个为被要会后到以内") | set(_STOP_EN.split())
_SAME = {  # words that say the same, in a context
    "块": "元", "寄": "送", "递": "送", "达": "到", "需": "要", "款": "钱",
    "received": "arrive", "ship": "send", "shipped": "send", "ships": "send", "sent": "send",
    "money": "refund", "post": "send", "leaves": "send",
    "otherwise": "below", "limit": "free",
}  # fmt: skip
_HALF_ZH, _HALF_EN, _ACROSS, _NUMBER_BETWEEN = 6.0, 22.0, 0.55, 0.6
_NEAR_BEFORE, _NEAR_AFTER = 10, 5  # characters
NEIGHBOUR = 0.8  # weight of the words that touch the claim


def stem(word: str) -> str:
    plain = _SAME.get(word, word)
    for end in ("ing", "ies", "ed", "es", "s", "ly"):
        if plain.endswith(end) and len(plain) - len(end) >= 3:
            return plain[: -len(end)][:6]
    return plain[:6]


def words_of(text: str) -> list[tuple[str, int]]:
    """Words with their offsets: a Chinese character is one, and so is a stem of a Latin word."""
    found = []
    for match in TOKEN.finditer(text):
        word = match[0].lower()
        word = stem(word) if word.isascii() and word not in _STOP else _SAME.get(word, word)
        found.append((word, match.start()))
    return found


class Words:
    """The words of a text, read once for the contexts of all its claims.

    Args:
        text: one sentence, or a clause of it.
        masked: spans of claims; not their words count, but their ``tokens``.
        tokens: one for each span.
    """

    def __init__(self, text: str, masked: Sequence[tuple[int, int]] = (), tokens: Sequence[str] = ()) -> None:
        words = [(word, at) for word, at in words_of(text) if not any(low <= at < high for low, high in masked)]
        self._words: list[tuple[str, int, str, int]] = []  # word, offset, pair with the word before it, offset of that
        previous, before = "", -9
        for word, at in words:
            touches = before + len(previous) == at and not word.isascii()
            self._words.append((word, at, previous + word if touches else "", before))
            previous, before = word, at
        self._tokens = [(low, token) for (low, _), token in zip(masked, tokens, strict=False)]
        self._marks = sorted(match.start() for pattern in (CLAUSE, SOFT) for match in pattern.finditer(text))
        self._numbers = sorted(low for low, _ in masked)

    def all(self) -> dict[str, float]:
        """Every word and pair with the same weight."""
        return {
            token: 1.0 for word, _, pair, _ in self._words for token in (word, pair) if token and token not in _STOP
        }

    def around(self, start: int, end: int, before: float = 1.0) -> dict[str, float]:
        """Vector of the words around ``text[start:end]``; ``before`` is a factor for what stands before it."""
        vector: dict[str, float] = {}
        ahead = after = ""
        for word, at, pair, previous in self._words:
            if start <= at < end:
                continue
            low, high = (at, start) if at < start else (end, at)
            weight = 0.5 ** ((high - low) / (_HALF_EN if word.isascii() else _HALF_ZH))
            weight *= _ACROSS ** _between(self._marks, low, high) * _NUMBER_BETWEEN ** _between(
                self._numbers, low, high
            )
            if at < start:
                weight *= before
            if word not in _STOP:
                vector[word] = max(vector.get(word, 0.0), weight)
                if at < start:
                    ahead = word if start - at <= _NEAR_BEFORE else ahead
                elif not after and at - end <= _NEAR_AFTER:
                    after = word
            if pair and not start <= previous < end:
                vector[pair] = max(vector.get(pair, 0.0), weight)
        for at, token in self._tokens:
            if not start <= at < end:
                low, high = (at, start) if at < start else (end, at)
                weight = 0.5 ** (max(high - low, 0) / _HALF_EN) * _ACROSS ** _between(self._marks, low, high)
                vector[token] = max(vector.get(token, 0.0), weight)
        if ahead:
            vector[f"<{ahead}"] = NEIGHBOUR
        if after:
            vector[f">{after}"] = NEIGHBOUR
        return vector


def words_after(text: str, end: int) -> frozenset[str]:
    """Words of the clause after an offset: what a "can" or "need not" is said of."""
    last = CLAUSE.search(text, end)
    return frozenset(word for word, _ in words_of(text[end : last.start() if last else len(text)]) if word not in _STOP)


class Weighted(NamedTuple):
    """A vector times the weights of its words, with its length."""

    vector: Vector
    norm: float


def weighted(vector: Vector, weights: Mapping[str, float], unknown: float = 1.0) -> Weighted:
    """A vector for ``cosine``; ``unknown`` is the weight of words that ``weights`` has not."""
    of = {word: value * weights.get(word, unknown) for word, value in vector.items()}
    return Weighted(of, math.sqrt(sum(value * value for value in of.values())))


def cosine(one: Weighted, other: Weighted) -> float:
    """Cosine of two vectors with the same weights; 0 when one is empty."""
    few, many = (one.vector, other.vector) if len(one.vector) < len(other.vector) else (other.vector, one.vector)
    product = sum(value * many[word] for word, value in few.items() if word in many)
    return product / (one.norm * other.norm) if product else 0.0


def words_before(text: str, start: int) -> frozenset[str]:
    """Words of the clause before an offset: the subject, as a rule."""
    begin = max((match.end() for match in CLAUSE.finditer(text, 0, start)), default=0)
    return frozenset(word for word, _ in words_of(text[begin:start]) if word not in _STOP)


def _between(offsets: Sequence[int], low: int, high: int) -> int:
    """How many of the sorted offsets are in ``[low, high)``."""
    return bisect_left(offsets, high) - bisect_left(offsets, low) if high > low else 0


def idf(vectors: Iterable[Vector]) -> dict[str, float]:
    """How much a word tells the vectors apart."""
    many = list(vectors)
    counts = Counter(chain.from_iterable(many))
    weights = [math.log(1 + len(many) / (count or 1)) for count in range(len(many) + 1)]
    return {word: weights[count] for word, count in counts.items()}
