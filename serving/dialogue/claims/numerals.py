"""Numbers as they are written: 1,000 · 一百一十九 · 两 · twenty-five · ranges such as 1–3, 一两 and "two to four"."""

from __future__ import annotations

import re

from kefu.text import numbers
from kefu.text.numbers import DIGITS as DIGITS_ZH
from kefu.text.numbers import ENGLISH

_EN_WORD = "|".join(sorted([*ENGLISH, "hundred", "thousand"], key=len, reverse=True))
EN_WORDS = rf"\b(?:(?:{_EN_WORD})(?:[ -](?:and )?(?:{_EN_WORD}))*|an?(?= (?:hundred|thousand)) (?:hundred|thousand))\b"
DIGITS = r"(?<![\d.,:A-Za-z_])\d+(?:,\d{3})*(?:\.\d+)?"
ZH_WORDS = r"[零〇一二两三四五六七八九十百千万半]+"
NUMBER = rf"(?:{DIGITS}|{ZH_WORDS}|{EN_WORDS})"
_ENDS = [r"\d", r"\d\d", *("one", "two", "three", "four", "five", "six", "seven", "ten")]
BETWEEN = rf"(?:{'|'.join(f'(?<=[Bb]etween {end} )' for end in _ENDS)})"  # before the "and" of a range
TO = rf"\s*(?:[-–—~～至到]|\bto\b|{BETWEEN}\band\b)\s*"
RANGE = rf"(?P<low>{NUMBER})(?:{TO}(?P<high>\d+(?:,\d{{3}})*(?:\.\d+)?|{ZH_WORDS}|{EN_WORDS}))?"


def read_number(text: str) -> float | None:
    """The number that a text of one of the forms above writes; None for none."""
    plain = text.replace(",", "").strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", plain):
        return float(plain)
    whole = numbers.read_number(plain)
    return (0.5 if plain == "半" else None) if whole is None else float(whole)


def read_range(match: re.Match[str]) -> tuple[float, float] | None:
    """Low and high of a match of ``RANGE``; equal when it is a single number."""
    low, high = match["low"], match["high"]
    digits = [DIGITS_ZH.get(c) for c in low]
    if high is None and len(digits) == 2 and digits[0] is not None and digits[1] == digits[0] + 1:
        return float(digits[0]), float(digits[1])  # 一两天
    first = read_number(low)
    second = first if high is None else read_number(high)
    return None if first is None or second is None else (first, second)
