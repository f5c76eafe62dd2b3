"""Numbers as people write them: digits, full width digits, Chinese numerals, English words.

It reads whole numbers from 0 to 99,999,999; no fractions, no ordinals. ``NUMBER`` finds English words up to nineteen
hundred; ``read_number`` reads longer ones too.
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
    """Twenty-five, a hundred, two thousand one hundred and nineteen."""
    thousands, number = 0, None
    words = re.split(r"[- ]", text)
    for at, word in enumerate(words):
        if word in ("a", "an") and at == 0 and len(words) > 1:
            continue
        if word == "and" and (thousands or number):
            continue
        if word in ENGLISH and (number is None or _takes(number, ENGLISH[word])):
            number = (number or 0) + ENGLISH[word]
        elif word == "hundred" and (number is None or 0 < number < 100):
            number = (1 if number is None else number) * 100
        elif word == "thousand" and not thousands and number != 0:
            thousands, number = (1 if number is None else number) * 1000, None
        else:
            return None
    return None if number is None and not thousands else thousands + (number or 0)


def _takes(number: int, more: int) -> bool:
    """Whether a number may go on with a smaller one: twenty five, a hundred five, but not five twenty."""
    return number > 0 and more > 0 and (number % 100 == 0 or (number % 100 >= 20 and number % 10 == 0 and more < 10))
