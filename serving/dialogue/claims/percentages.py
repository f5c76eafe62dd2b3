"""Percentages and discounts, in per cent: 85折 = 8.5折 = 15 % off; 百分之十 = 10 %; 半价 = 50 %."""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.numerals import DIGITS, RANGE, ZH_WORDS, read_number, read_range
from serving.dialogue.claims.records import Claim

_PER_CENT = re.compile(rf"{RANGE}\s*(?:%|％|per ?cent\b)|百分之(?P<words>{DIGITS}|{ZH_WORDS})", re.IGNORECASE)
_REDUCED = re.compile(rf"(?P<number>{DIGITS}|[零〇一二三四五六七八九]+)\s*折")
_HALF = re.compile(r"半价|对折|\bhalf (?:the )?price\b|\bhalf off\b", re.IGNORECASE)


def find(text: str) -> Iterator[Claim]:
    for match in _PER_CENT.finditer(text):
        if match["words"]:
            number = read_number(match["words"])
            value = None if number is None else (number, number)
        else:
            value = read_range(match)
        if value:
            yield Claim("percentage", "per cent", value, match[0], match.start(), value, "per cent")
    for match in _REDUCED.finditer(text):
        if (number := read_number(match["number"])) is not None:
            off = round(100 - (number if number >= 10 else 10 * number), 6)
            yield Claim("percentage", "per cent", (off, off), match[0], match.start(), (number, number), "per cent")
    for match in _HALF.finditer(text):
        yield Claim("percentage", "per cent", (50.0, 50.0), match[0], match.start())
