"""Words of danger in a message, by the pack's ``danger.yaml``: a person has to see it before anything else is asked.

A rule, not a model: it has to hold for a shop that has no labels yet, and its owner has to be able to read it.
It does not understand who speaks of whom, or when; where it doubts, a person looks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

import re2

from kefu.shop.conversation import Danger
from kefu.shop.slots import CJK

BLANK = re.compile(rf"(?<={CJK.pattern})\s+(?={CJK.pattern})|[\u200b-\u200f\u2060\ufeff]")


def danger_in(text: str, kinds: Mapping[str, Danger]) -> str | None:
    """The first kind of danger that the text speaks of."""
    message = plain(text)
    return next((name for name, kind in kinds.items() if _speaks_of(message, kind)), None)


def plain(text: str) -> str:
    """The text as regexes of the pack read it: NFKC, straight apostrophes, no blanks between Chinese characters."""
    return BLANK.sub("", unicodedata.normalize("NFKC", text).replace("\u2019", "'"))


def _speaks_of(text: str, kind: Danger) -> bool:
    if not re2.search(_any(kind.words), text):
        return False  # nearly every message: no need to look for idioms
    rest = re2.sub(_any(kind.not_words), "\n", text) if kind.not_words else text
    return re2.search(_any(kind.words), rest) is not None


@cache
def _any(patterns: tuple[str, ...]) -> re2._Regexp:
    return re2.compile("(?i)" + "|".join(f"(?:{pattern})" for pattern in patterns))
