"""What a claim speaks of: the words around it, nearer ones with more weight, as a sparse vector."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

Vector = Mapping[str, float]

TOKEN = re.compile(r"[\u3400-\u9fff]|[A-Za-z']+")
SOFT = re.compile(r"、|\band\b")  # between the members of a list
CLAUSE = re.compile(r"[，,；;。！？!?\n|]|\.(?=\s|$)|\s[-–—]\s")
_STOP_EN = """
a an the of to it its is are was be been we you your our i my me in on at and or for from with by as that this
they them if then will so up also only their there within
"""
_STOP = set("的了是在和与就都也把我您你们请啊呢吧吗哦亲们个为被要会后到以内") | set(_STOP_EN.split())
_SAME = {  # words that say the same, in a context
    "块": "元", "寄": "送", "递": "送", "达": "到", "需": "要", "款": "钱",
    "received": "arrive", "ship": "send", "shipped": "send", "ships": "send", "sent": "send",
    "money": "refund", "post": "send", "leaves": "send",
    "otherwise": "below", "limit": "free",
}  # fmt: skip
_HALF_ZH, _HALF_EN, _ACROSS, _NUMBER_BETWEEN = 6.0, 22.0, 0.55, 0.6
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


def around(
    text: str,
    start: int,
    end: int,
    masked: Sequence[tuple[int, int]] = (),
    tokens: Sequence[str] = (),
    before: float = 1.0,
) -> dict[str, float]:
    """Vector of the words around ``text[start:end]``; of ``masked`` spans not the words count, but ``tokens``.

    ``before`` is a factor for what stands before it.
    """
    words = [
        (word, at)
        for word, at in words_of(text)
        if not start <= at < end and not any(low <= at < high for low, high in masked)
    ]
    clauses = [match.start() for pattern in (CLAUSE, SOFT) for match in pattern.finditer(text)]
    vector: dict[str, float] = {}
    previous: tuple[str, int] | None = None
    for word, at in words:
        weight = _weight(word, at, start, end, clauses, masked) * (before if at < start else 1.0)
        if word not in _STOP:
            vector[word] = max(vector.get(word, 0.0), weight)
        if previous and previous[1] + len(previous[0]) == at and not word.isascii():
            pair = previous[0] + word
            vector[pair] = max(vector.get(pair, 0.0), weight)
        previous = (word, at)
    for (low, _), token in zip(masked, tokens, strict=False):
        if not start <= low < end:
            vector[token] = max(vector.get(token, 0.0), _weight("x", low, start, end, clauses, ()))
    ahead = [word for word, at in words if word not in _STOP and at < start and start - at <= 10]
    after = [word for word, at in words if word not in _STOP and 0 <= at - end <= 5]
    if ahead:
        vector[f"<{ahead[-1]}"] = NEIGHBOUR
    if after:
        vector[f">{after[0]}"] = NEIGHBOUR
    return vector


def subject(text: str, start: int) -> frozenset[str]:
    """Words of the clause before an offset."""
    begin = max((match.end() for match in CLAUSE.finditer(text, 0, start)), default=0)
    return frozenset(word for word, _ in words_of(text[begin:start]) if word not in _STOP)


def _weight(
    word: str, at: int, start: int, end: int, clauses: Sequence[int], masked: Sequence[tuple[int, int]]
) -> float:
    low, high = (at, start) if at < start else (end, at)
    half = _HALF_EN if word.isascii() else _HALF_ZH
    weight = 0.5 ** (max(high - low, 0) / half)
    weight *= _ACROSS ** sum(low <= mark < high for mark in clauses)
    return float(weight * _NUMBER_BETWEEN ** sum(low <= first < high for first, _ in masked))


def idf(vectors: Iterable[Vector]) -> dict[str, float]:
    """How much a word tells the vectors apart."""
    counts: dict[str, int] = {}
    number = 0
    for vector in vectors:
        number += 1
        for word in vector:
            counts[word] = counts.get(word, 0) + 1
    return {word: math.log(1 + number / count) for word, count in counts.items()}


def cosine(one: Vector, other: Vector, weights: Mapping[str, float], unknown: float = 1.0) -> float:
    """Cosine of two weighted vectors; 0 when one is empty."""

    def norm(vector: Vector) -> float:
        return math.sqrt(sum((w * weights.get(t, unknown)) ** 2 for t, w in vector.items()))

    product = sum(w * other[t] * weights.get(t, unknown) ** 2 for t, w in one.items() if t in other)
    return product / (norm(one) * norm(other)) if product else 0.0
