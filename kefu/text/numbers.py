"""Numbers as customers write them: digits, full width digits, Chinese numerals, English words up to ninety-nine.

It reads whole numbers from 0 to 99,999,999; no fractions, no ordinals.
"""

from __future__ import annotations

import re
import unicodedata

DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "俩": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ENGLISH = {word: n for n, word in enumerate(ONES)} | {word: 20 + 10 * n for n, word in enumerate(TENS)}

_TEN = "|".join(TENS)
_WORDS = rf"(?:{_TEN})(?:[- ](?:{'|'.join(ONES[1:10])}))?|{'|'.join(sorted(ONES, key=len, reverse=True))}"
_LETTERS = rf"(?<![A-Za-z])(?i:(?:{_WORDS})(?: hundred)?|(?:a )?hundred)(?![A-Za-z])"
NUMERALS = "".join((*DIGITS, *UNITS))
NUMBER = rf"(?:\d[\d,]*|[{NUMERALS}]+|{_LETTERS})"
"""Regex, without a group, of one number in any of these spellings; for ``re``."""


def read_number(text: str) -> int | None:
    """The number that the whole text spells; None when it is not one."""
    text = unicodedata.normalize("NFKC", text).strip().lower().replace(",", "")
    if text.isdecimal():
        return int(text) if len(text) <= 8 else None
    if text and all(c in DIGITS or c in UNITS for c in text):
        return _chinese(text)
    return _english(text)


def _chinese(text: str) -> int:
    """一百五十 is 150, 一百五 too, 三千二 is 3200, 二零零 is 200."""
    if not any(c in UNITS for c in text):
        return int("".join(str(DIGITS[c]) for c in text[:8]))
    total, section, digit, unit = 0, 0, None, 1
    for c in text:
        if c == "万":
            total, section, digit, unit = total + (section + (digit or 0)) * UNITS[c], 0, None, UNITS[c]
        elif c in UNITS:
            unit = UNITS[c]
            section += (1 if digit is None else digit) * unit
            digit = None
        else:
            digit = DIGITS[c]
            unit = 1 if digit == 0 else unit
    last_is_short = digit is not None and unit > 10 and len(text) > 1
    return total + section + (digit or 0) * (unit // 10 if last_is_short else 1)


def _english(text: str) -> int | None:
    if hundreds := re.fullmatch(r"(?:a |(\S+) )?hundred", text):
        count = ENGLISH.get(hundreds[1] or "one")
        return None if count is None else count * 100
    parts = [ENGLISH.get(word) for word in re.split(r"[- ]", text)]
    if None in parts or len(parts) > 2:
        return None
    numbers = [part for part in parts if part is not None]
    return sum(numbers) if len(numbers) == 1 or (numbers[0] >= 20 and 0 < numbers[1] < 10) else None
