"""Chinese words by frequency, what names of people are made of, and the likeliest cut of a text into words.

``benchmarks/pii/lexicon.py`` makes ``lexicon.json.gz`` and says from what. It is read on the first use (a tenth of a
second, 25 MB). All figures are natural logarithms of probabilities.
"""

from __future__ import annotations

import functools
import gzip
import json
import math
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("lexicon.json.gz")
LONGEST = 4  # characters of a word
_SINGLE = 0.25  # share of given names of one character
_TWICE = 0.04  # share of given names that say one character twice: 婷婷
_PAIR = 0.5  # how far a known given name counts, beside its characters
_UNSEEN = -12.0  # a character in no given name
_PERSON = math.log(0.002)  # how often a word is a person's name


@dataclass(frozen=True)
class Lexicon:
    """The tables. ``unknown`` is what a character costs that is not a word."""

    words: dict[str, float]
    surnames: dict[str, float]
    single: dict[str, float]
    first: dict[str, float]
    second: dict[str, float]
    pairs: dict[str, float]
    unknown: float

    def name(self, family: str, given: str) -> float:
        """How probable a word is that is this name of a person. Raises KeyError for an unknown surname."""
        head = _PERSON + self.surnames[family]
        if len(given) == 1:
            return head + math.log(_SINGLE) + self.single.get(given, _UNSEEN)
        last = self.second.get(given[1], _UNSEEN)
        product = self.first.get(given[0], _UNSEEN) + last
        best = max(product, math.log(_PAIR) + self.pairs.get(given, -99.0))
        if given[0] == given[1]:
            best = max(best, math.log(_TWICE) + last)
        return head + math.log(1 - _SINGLE) + best


@functools.cache
def lexicon() -> Lexicon:
    """The tables, read once a process."""
    packed = json.loads(gzip.decompress(FILE.read_bytes()))
    tables = {name: _logarithms(table) for name, table in packed.items()}
    return Lexicon(**tables, unknown=min(tables["words"].values()) - 2)


def _logarithms(table: dict[str, str]) -> dict[str, float]:
    """Of each word, from words by their cost; words of one cost share one number in memory."""
    found: dict[str, float] = {}
    for cost, words in table.items():
        found |= dict.fromkeys(words.split(" "), -int(cost) / 10)
    return found


def forward(run: str, known: Lexicon) -> list[float]:
    """The likeliest reading of every beginning of a run."""
    words, end = known.words, len(run)
    best = [0.0] + [-1e9] * end
    for at in range(end):
        here = best[at]
        best[at + 1] = max(best[at + 1], here + words.get(run[at], known.unknown))
        for stop in range(at + 2, min(at + LONGEST, end) + 1):
            word = words.get(run[at:stop])
            if word is not None and here + word > best[stop]:
                best[stop] = here + word
    return best


def backward(run: str, known: Lexicon) -> list[float]:
    """The likeliest reading of every end of a run."""
    words, end = known.words, len(run)
    best = [0.0] * (end + 1)
    for at in range(end - 1, -1, -1):
        reading = words.get(run[at], known.unknown) + best[at + 1]
        for stop in range(at + 2, min(at + LONGEST, end) + 1):
            word = words.get(run[at:stop])
            if word is not None and word + best[stop] > reading:
                reading = word + best[stop]
        best[at] = reading
    return best


def own(piece: str, known: Lexicon) -> float:
    """The likeliest reading of two or three characters (or four) by themselves."""
    words, unknown = known.words, known.unknown
    one, last = words.get(piece[0], unknown), words.get(piece[-1], unknown)
    if len(piece) == 2:
        return max(words.get(piece, -99.0), one + last)
    if len(piece) > 3:
        return words.get(piece, -99.0)
    apart = one + words.get(piece[1], unknown) + last
    return max(words.get(piece, -99.0), words.get(piece[:2], -99.0) + last, one + words.get(piece[1:], -99.0), apart)
