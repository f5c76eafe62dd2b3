"""Amounts of money: 119元, ¥119, 119.00 yuan, 一百一十九块."""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.numerals import RANGE, read_range
from serving.dialogue.claims.records import Claim

_UNITS = {
    "yuan": r"元|块钱|块(?!儿)|人民币|-?\s?(?:yuan|rmb|cny)\b",
    "dollar": r"美元|美金|-?\s?(?:us )?dollars?\b|-?\s?usd\b",
    "euro": r"欧元|-?\s?euros?\b",
    "hkd": r"港币|港元",
}
_AFTER = re.compile(
    rf"{RANGE}\s*(?:" + "|".join(f"(?P<{unit}>{words})" for unit, words in _UNITS.items()) + ")", re.IGNORECASE
)
_BEFORE = re.compile(rf"(?:(?P<yuan>[¥￥]|rmb|cny)|(?P<dollar>\$|usd)|(?P<euro>€))\s?{RANGE}", re.IGNORECASE)


def find(text: str) -> Iterator[Claim]:
    for pattern in (_BEFORE, _AFTER):
        for match in pattern.finditer(text):
            if match["high"] is None and match["low"] == "一" and match[0] == "一块":
                continue  # together
            if value := read_range(match):
                unit = next(unit for unit in _UNITS if match.groupdict().get(unit))
                yield Claim("money", unit, value, match[0], match.start(), value, unit)
