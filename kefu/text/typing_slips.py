"""Mends typing slips in the pack's words (refnd, ordr, chekced): one letter left out or doubled, or two exchanged.

Another letter in place of one is mended in no word: older is no slip of order. The first letter is never wrong, and
the last one only when two letters were exchanged: arrive is no slip of arrived.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import OSA

TOKEN = re.compile(r"(?<![\w\[@.])[A-Za-z]{4,}(?![\w\]@])")
SHORTEST = 5  # letters of a word that is mended


def mend_slips(text: str, words: tuple[str, ...]) -> str:
    """The text with slips in ``words`` mended, where only one of them can be meant."""
    return TOKEN.sub(lambda match: _mended(match[0], words), text) if words else text


@lru_cache(maxsize=4096)
def _mended(token: str, words: tuple[str, ...]) -> str:
    slip = token.lower()
    if slip in words:
        return token
    meant = [word for word in words if len(word) >= SHORTEST and _is_slip(slip, word)]
    return meant[0] if len(meant) == 1 else token


def _is_slip(slip: str, word: str) -> bool:
    if slip[0] != word[0] or abs(len(slip) - len(word)) > 1 or OSA.distance(slip, word) != 1:
        return False
    if len(slip) == len(word):
        return sorted(slip) == sorted(word)
    doubled = len(slip) < len(word) or any(a == b for a, b in zip(slip, slip[1:], strict=False))
    return slip[-1] == word[-1] and doubled
