"""Checkable claims of a text: numbers with a unit (periods, sums, dates, shares), in comparable terms.

"48小时", "48 hours" and "两天" are the same claim. The units come from the pack (``labels/quality.yaml``).
A number without a unit claims nothing here; neither does a placeholder, nor a claim in words alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from kefu.shop.label_patterns import Unit
from kefu.text.placeholders import PLACEHOLDER

Claim = tuple[str, float]  # base unit, value
_NUMBER = r"(\d+(?:\.\d+)?|[零一二两三四五六七八九十百千半]+)"
_TO = rf"(?:\s?(?:-|–|—|~|～|到|至|to|and)\s?{_NUMBER})?"
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}


def number(text: str) -> float:
    """The value of digits or a Chinese numeral below 10,000; ``半`` is 0.5."""
    if text[0].isdigit():
        return float(text)
    if text == "半":
        return 0.5
    total, digit = 0, None
    for char in text.rstrip("半"):
        if char in _TENS:
            total, digit = total + _TENS[char] * (1 if digit is None else digit), None
        else:
            digit = _DIGITS[char]
    return float(total + (digit or 0))


class ClaimFinder:
    """Finds the claims of a text, by the pack's units."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = [
            (unit.base, unit.factor, re.compile(_pattern(pattern), re.IGNORECASE))
            for unit in units
            for pattern in (*unit.zh, *unit.en)
        ]
        some = "|".join(pattern.pattern for *_, pattern in self._units)
        self._any = re.compile(some or r"(?!)", re.IGNORECASE)  # most sentences have none: one search says so

    def find(self, text: str) -> set[Claim]:
        """Every number with a unit, in base units."""
        plain = unicodedata.normalize("NFKC", PLACEHOLDER.sub(" ", text))
        return set(self._found(plain)) if self._any.search(plain) else set()

    def _found(self, text: str) -> Iterator[Claim]:
        for base, factor, pattern in self._units:
            for match in pattern.finditer(text):
                values = match.groups() or ("1",)
                yield from ((base, round(number(value) * factor, 3)) for value in values if value)


def _pattern(pattern: str) -> str:
    """Numbers are not cut out of longer ones, nor Latin units out of longer words."""
    tail = r"(?![A-Za-z])" if re.search(r"[A-Za-z)?]$", pattern) else ""
    return r"(?<![\d.])" + pattern.replace("{n}", _NUMBER).replace("{to}", _TO).replace(" ?", r"\s?") + tail
