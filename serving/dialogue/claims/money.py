"""Amounts of money, percentages and discounts: 119元, ¥119, 119.00 yuan · 85折 = 8.5折 = 15 % off; 半价 = 50 %."""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.numerals import DIGITS, RANGE, ZH_WORDS, read_number, read_range
from serving.dialogue.claims.records import Claim

_CURRENCIES = {
    "yuan": r"元|块钱|块(?!儿)|人民币|-?\s?(?:yuan|rmb|cny)\b",
    "dollar": r"美元|美金|-?\s?(?:us )?dollars?\b|-?\s?usd\b",
    "euro": r"欧元|-?\s?euros?\b",
    "hkd": r"港币|港元",
}
_AFTER = re.compile(
    rf"{RANGE}\s*(?:" + "|".join(f"(?P<{unit}>{words})" for unit, words in _CURRENCIES.items()) + ")", re.IGNORECASE
)
_BEFORE = re.compile(rf"(?:(?P<yuan>[¥￥]|rmb|cny)|(?P<dollar>\$|usd)|(?P<euro>€))\s?{RANGE}", re.IGNORECASE)


def find_money(text: str) -> Iterator[Claim]:
    for pattern in (_BEFORE, _AFTER):
        for match in pattern.finditer(text):
            if match["high"] is None and match["low"] == "一" and match[0] == "一块":
                continue  # together
            if value := read_range(match):
                unit = next(unit for unit in _CURRENCIES if match.groupdict().get(unit))
                yield Claim("money", unit, value, match[0], match.start(), value, unit)


_PER_CENT = re.compile(rf"{RANGE}\s*(?:%|％|per ?cent\b)|百分之(?P<words>{DIGITS}|{ZH_WORDS})", re.IGNORECASE)
_REDUCED = re.compile(rf"(?P<number>{DIGITS}|[零〇一二三四五六七八九]+)\s*折")
_HALF_PRICE = re.compile(r"半价|对折|\bhalf (?:the )?price\b|\bhalf off\b", re.IGNORECASE)


def find_percentages(text: str) -> Iterator[Claim]:
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
    for match in _HALF_PRICE.finditer(text):
        yield Claim("percentage", "per cent", (50.0, 50.0), match[0], match.start())
