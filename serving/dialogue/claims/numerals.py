"""Numbers as they are written: 1,000 · 一百一十九 · 两 · twenty-five · ranges such as 1–3, 一两 and "two to four"."""

from __future__ import annotations

import re

_ZH = dict(zip("零〇一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_ZH_POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_TO_NINETEEN = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen
"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_EN = {word: number for number, word in enumerate(_TO_NINETEEN.split())}
_EN |= {word: 10 * tens for tens, word in enumerate(_TENS.split(), 2)}
_EN_POWERS = {"hundred": 100, "thousand": 1000}

_EN_WORD = "|".join(sorted([*_EN, *_EN_POWERS], key=len, reverse=True))
EN_WORDS = rf"\b(?:(?:{_EN_WORD})(?:[ -](?:and )?(?:{_EN_WORD}))*|an?(?= (?:hundred|thousand)) (?:hundred|thousand))\b"
DIGITS = r"(?<![\d.,:A-Za-z_])\d+(?:,\d{3})*(?:\.\d+)?"
ZH_WORDS = r"[零〇一二两三四五六七八九十百千万半]+"
NUMBER = rf"(?:{DIGITS}|{ZH_WORDS}|{EN_WORDS})"
TO = r"\s*(?:[-–—~～至到]|\bto\b)\s*"
RANGE = rf"(?P<low>{NUMBER})(?:{TO}(?P<high>\d+(?:,\d{{3}})*(?:\.\d+)?|{ZH_WORDS}|{EN_WORDS}))?"


def read_number(text: str) -> float | None:
    """The number that a text of one of the forms above writes; None for none."""
    plain = text.replace(",", "").strip().lower()
    if re.fullmatch(r"\d+(?:\.\d+)?", plain):
        return float(plain)
    return _english(plain) if plain.isascii() else _chinese(plain)


def read_range(match: re.Match[str]) -> tuple[float, float] | None:
    """Low and high of a match of ``RANGE``; equal when it is a single number."""
    low, high = match["low"], match["high"]
    if high is None and len(low) == 2 and all(c in _ZH for c in low) and _ZH[low[1]] == _ZH[low[0]] + 1:
        return float(_ZH[low[0]]), float(_ZH[low[1]])  # 一两天
    first = read_number(low)
    second = first if high is None else read_number(high)
    return None if first is None or second is None else (first, second)


def _chinese(text: str) -> float | None:
    if text == "半":
        return 0.5
    if len(text) > 1 and all(c in _ZH for c in text):
        return float("".join(str(_ZH[c]) for c in text))  # 二六: digit by digit
    total = section = digit = 0.0
    for c in text:
        if c in _ZH:
            digit = _ZH[c]
        elif c == "万":
            total, section, digit = (total + section + digit) * 10_000, 0.0, 0.0
        elif c in _ZH_POWERS:
            section, digit = section + (digit or 1) * _ZH_POWERS[c], 0.0
        else:
            return None
    return total + section + digit


def _english(text: str) -> float | None:
    total, part = 0.0, 0.0
    for word in re.findall(r"[a-z]+", text):
        if word in _EN:
            part += _EN[word]
        elif word in _EN_POWERS:
            part = (part or 1) * _EN_POWERS[word]
            if word == "thousand":
                total, part = total + part, 0.0
        elif word not in ("a", "an", "and"):
            return None
    return total + part
