"""Finds a pack's words in a message: rules that need no label, and that a shop's owner can read.

A rule does not understand who speaks of whom, or when.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import re2

from kefu.shop.act_words import WordRule
from kefu.shop.slots import CJK
from kefu.text.regexes import re2_options
from serving.dialogue.reading.script import simplified

BLANK = re.compile(rf"(?<={CJK.pattern})\s+(?={CJK.pattern})|[\u200b-\u200f\u2060\ufeff]")


def plain(text: str) -> str:
    """The text as the rules see it: half width, simplified, straight apostrophes, no blanks amid Chinese."""
    return simplified(BLANK.sub("", unicodedata.normalize("NFKC", text).replace("\u2019", "'")))


def evidence(text: str, rule: WordRule | None) -> str | None:
    """The first words of a plain text that the rule names; None when there are none."""
    if rule is None:
        return None
    found = _any(rule.words).search(text)
    if found is None:
        return None  # nearly every message: no need to look for idioms
    if rule.not_words:
        found = _any(rule.words).search(_any(rule.not_words).sub("\n", text))
    return str(found[0]) if found else None


def is_idiom(text: str, rule: WordRule | None) -> bool:
    """Whether a plain text holds words that the rule names as meaning something else."""
    return bool(rule and rule.not_words and _any(rule.not_words).search(text))


def occurrences(text: str, rule: WordRule | None) -> Iterator[int]:
    """Where in a text the words of a rule begin. ``not_words`` do not count here."""
    if rule is not None:
        yield from (match.start() for match in _any(rule.words).finditer(text))


@cache
def _any(patterns: tuple[str, ...]) -> re2._Regexp:
    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns), re2_options())
