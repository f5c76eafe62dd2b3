"""Finds a pack's words in a message: rules that need no label, and that a shop's owner can read.

A rule does not understand who speaks of whom, or when.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

import re2

from kefu.shop.act_words import WordRule
from kefu.shop.slots import CJK
from kefu.text.regexes import re2_options
from serving.dialogue.reading.script import simplified

BLANK = re.compile(rf"(?<={CJK.pattern})\s+(?={CJK.pattern})|[\u200b-\u200f\u2060\ufeff]")


@lru_cache(maxsize=64)  # every rule asks for the same message or part
def plain(text: str) -> str:
    """The text as the rules see it: half width, simplified, straight apostrophes, no blanks amid Chinese."""
    return simplified(BLANK.sub("", unicodedata.normalize("NFKC", text).replace("\u2019", "'")))


def evidence(text: str, rule: WordRule | None) -> str | None:
    """The first words of a plain text that the rule names; None when there are none."""
    found = search_words(text, rule.words, rule.not_words) if rule else None
    return str(found[0]) if found else None


def search_words(text: str, words: tuple[str, ...], not_words: tuple[str, ...]) -> re2._Match | None:
    """The first match of any of ``words`` in a plain text, after ``not_words`` were taken out."""
    matches = _matches_in(text)
    known = matches.get(id(words))
    if known is None or known.words is not words or known.not_words is not not_words:
        known = matches[id(words)] = _Known(words, not_words, _search(text, words, not_words))
    return known.match


class _Known(NamedTuple):
    """What a search found. Its words stay alive with it, so that their ``id`` is no other rule's."""

    words: tuple[str, ...]
    not_words: tuple[str, ...]
    match: re2._Match | None


@lru_cache(maxsize=64)  # several readers ask the same rule of the same message or part
def _matches_in(text: str) -> dict[int, _Known]:
    """Searches of a text, by ``id`` of the words: hashing all words of a rule takes longer than most searches."""
    return {}


def _search(text: str, words: tuple[str, ...], not_words: tuple[str, ...]) -> re2._Match | None:
    if not words or not (found := _any(words).search(text)):
        return None  # nearly every message: no need to look for idioms
    return _any(words).search(_any(not_words).sub("\n", text)) if not_words else found


def without(text: str, words: tuple[str, ...]) -> str:
    """A plain text with its matches of ``words`` taken out."""
    return str(_any(words).sub("\n", text)) if words else text


def is_idiom(text: str, rule: WordRule | None) -> bool:
    """Whether a plain text holds words that the rule names as meaning something else."""
    return bool(rule and rule.not_words and _any(rule.not_words).search(text))


def occurrences(text: str, rule: WordRule | None) -> Iterator[int]:
    """Where in a text the words of a rule begin. ``not_words`` do not count here."""
    if rule is not None:
        yield from (match.start() for match in _any(rule.words).finditer(text))


class WordSet:
    """Finds which of many groups of words a plain text has, together: RE2 drops most by a word that they need.

    Args:
        groups: name → regexes of RE2.
    """

    def __init__(self, groups: Mapping[str, tuple[str, ...]]) -> None:
        self._names = [name for name, words in groups.items() if words]
        self._searcher = re2.Filter()
        for name in self._names:
            self._searcher.Add(_one_of(groups[name]), re2_options())
        if self._names:
            self._searcher.Compile()

    def find(self, text: str) -> list[str]:
        """Names of the groups that have a word in the text, in the order of the groups."""
        return [self._names[number] for number in sorted(self._searcher.Match(text) or ())] if self._names else []


@cache
def _any(patterns: tuple[str, ...]) -> re2._Regexp:
    return re2.compile(_one_of(patterns), re2_options())


def _one_of(patterns: tuple[str, ...]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)
