"""How alike two answers are, in Chinese and English: tokens are words and numbers, or single CJK characters.

They compare words, not truth: an answer may be right in other words. They rank models on the same
questions; they do not tell how good an answer is.
"""

from __future__ import annotations

import re
from collections import Counter

from kefu.text.placeholders import PLACEHOLDER

CJK = "\u3400-\u9fff\uf900-\ufaff"
TOKEN = re.compile(rf"(?i:{PLACEHOLDER.pattern})|[{CJK}]|[^\W{CJK}]+")


def tokens(text: str) -> list[str]:
    """Lower-case words and numbers, CJK characters one by one, placeholders whole; no punctuation."""
    return [match[0] for match in TOKEN.finditer(text.lower())]


def _f1(shared: int, predicted: int, expected: int) -> float:
    if predicted == 0 and expected == 0:
        return 1.0
    return 2 * shared / (predicted + expected)


def token_f1(predicted: str, expected: str) -> float:
    """F1 over the bags of tokens, as SQuAD scores answers (Rajpurkar et al. 2016, arXiv:1606.05250)."""
    one, two = Counter(tokens(predicted)), Counter(tokens(expected))
    return _f1((one & two).total(), one.total(), two.total())


def rouge_l(predicted: str, expected: str) -> float:
    """F1 over the longest common subsequence of tokens (Lin 2004, ROUGE), with beta 1."""
    one, two = tokens(predicted), tokens(expected)
    row = [0] * (len(two) + 1)
    for token in one:
        before = row[:]
        for j, other in enumerate(two, 1):
            row[j] = before[j - 1] + 1 if token == other else max(before[j], row[j - 1])
    return _f1(row[-1], len(one), len(two))


def repetition(text: str, n: int = 4) -> float:
    """Share of n-grams that occurred before in the text; 0 for texts with fewer than two n-grams."""
    sequence = tokens(text)
    grams = [tuple(sequence[i : i + n]) for i in range(len(sequence) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if len(grams) > 1 else 0.0
