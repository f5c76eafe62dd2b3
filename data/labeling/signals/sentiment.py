"""How a customer sounds in one turn: positive, neutral or negative, by the pack's wordings.

Patterns and not a model: nobody labels sentiment here, a lexicon can be read, corrected and replaced with the
pack, and small models learned from a few hundred sentences were worse (docs/measurements/autolabel.md). Stars (CSAT) do
not teach it: they judge a whole conversation, mostly whether it helped. A negator right before a wording turns it
round ("not happy"), "thanks" counts only where little else is said, praise in a question ("is it any good?")
does not, and the last word wins a tie ("nice, but useless"). Irony, and praise or blame in words that the pack
does not list, are not heard: such a turn is called neutral. ``python -m benchmarks.autolabel`` measures it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from kefu.shop.label_patterns import Sentiment, matcher
from kefu.text.placeholders import PLACEHOLDER

POSITIVE, NEUTRAL, NEGATIVE = "positive", "neutral", "negative"
LITTLE = 5  # characters beside the thanks, marks not counted; a Latin letter is half a character
CACHED = 1 << 14  # turns
NEAR = 1  # characters between a negator and what it turns round
BEFORE = 32  # characters in which a negator is looked for: a long turn must not cost its length squared
_MARKS = re.compile(r"[\W_]+")
_LATIN = re.compile(r"[a-z0-9]")


class SentimentSignal(NamedTuple):
    """``rule`` names value and strength: the key of its measured confidence."""

    value: str
    rule: str


class SentimentRules:
    """The wordings of a pack, compiled."""

    def __init__(self, words: Sentiment) -> None:
        self._positive, self._negative = matcher(words.positive), matcher(words.negative)
        self._thanks, self._ignore = matcher(words.thanks), matcher(words.ignore)
        self._courtesy, self._asking = matcher(words.courtesy), matcher(words.asking)
        self.classify = lru_cache(maxsize=CACHED)(self._classify)  # customers say the same short things every day
        self._negators = re.compile(rf"(?:{matcher(words.negators).pattern})\W{{0,{NEAR}}}$", re.IGNORECASE)

    def _classify(self, text: str) -> SentimentSignal:
        """The sentiment of a redacted turn."""
        plain = self._ignore.sub("，", text)
        taken = [m.span() for m in self._negative.finditer(plain)]
        covered = {at for start, end in taken for at in range(start, end)}
        good = [
            (m.start(), -1 if self._negated(plain, m.start()) else 1)
            for m in self._positive.finditer(plain)
            if m.start() not in covered
        ]
        if good and self._asking.search(plain):
            good = []
        bad = [(at, 0 if self._negated(plain, at) else -1) for at, _ in taken]
        found = sorted(pair for pair in bad + good if pair[1])
        score = sum(sign for _, sign in found)
        if not found:
            return (
                SentimentSignal(POSITIVE, "thanks") if self._only_thanks(plain) else SentimentSignal(NEUTRAL, NEUTRAL)
            )
        value = POSITIVE if (score or found[-1][1]) > 0 else NEGATIVE
        return SentimentSignal(value, f"{value}, {'clear' if abs(score) > 1 else 'one word'}")

    def _negated(self, text: str, at: int) -> bool:
        return self._negators.search(text, max(0, at - BEFORE), at) is not None

    def _only_thanks(self, text: str) -> bool:
        rest, times = self._thanks.subn("", text)
        rest = self._courtesy.sub("", rest) if times else rest
        plain = _MARKS.sub("", rest).lower()
        latin = len(_LATIN.findall(plain))
        # An order number with thanks asks for something.
        has_data = any(placeholder[1] != "NAME" for placeholder in PLACEHOLDER.finditer(text))
        return (
            times > 0 and not has_data and len(plain) - latin / 2 <= LITTLE and not text.rstrip().endswith(("?", "？"))
        )
