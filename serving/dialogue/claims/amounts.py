"""Amounts: money (119元, ¥119), percentages and discounts (85折 = 15 % off, 半价 = 50 %), and other numbers.

Other numbers have a unit of measure (1.5 升, 30 °C), a classifier (两只, 3 pieces), or neither. "One" in words is
mostly an article (一个, one of them): it backs a 1, and is no claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.dialogue.claims.numerals import DIGITS, EN_WORDS, RANGE, TO, ZH_WORDS, read_number, read_range
from serving.dialogue.claims.records import ARTICLE, COUNT, NUMBER, Claim

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


_MEASURES = {
    "litre": (1.0, r"升(?![级银金为至到])|l\b|lit(?:re|er)s?\b"),
    "ml": (0.001, r"毫升|ml\b"),
    "watt": (1.0, r"瓦特?|w\b|watts?\b"),
    "kg": (1.0, r"公斤|千克|kgs?\b|kilograms?\b|kilos?\b"),
    "jin": (0.5, r"斤"),
    "gram": (0.001, r"克|g\b|grams?\b"),
    "metre": (1.0, r"米|m\b|met(?:re|er)s?\b"),
    "cm": (0.01, r"厘米|公分|cm\b|centimet(?:re|er)s?\b"),
    "mm": (0.001, r"毫米|mm\b"),
    "degree": (1.0, r"摄?氏?度|°\s?c?\b|℃|degrees?\b"),
}
_SAME = {"ml": "litre", "jin": "kg", "gram": "kg", "cm": "metre", "mm": "metre"}
_MEASURED = re.compile(
    rf"{RANGE}[\s-]*(?:" + "|".join(f"(?P<{unit}>{words})" for unit, (_, words) in _MEASURES.items()) + ")",
    re.IGNORECASE,
)
_CLASSIFIERS = "件个只张次期单笔位人滴档款份台条本颗袋套双支瓶盒包枚根户名岁倍朵种枝束"
_COUNTED = re.compile(
    rf"(?!零件)(?<![第双每同统另某])(?:{RANGE})\s*(?P<noun>[{_CLASSIFIERS}](?![邮裹括含级])|木豆|积分)"
)
_DIGITS = re.compile(
    rf"(?<![双第])(?P<low>{DIGITS})(?:{TO}(?P<high>\d+(?:,\d{{3}})*(?:\.\d+)?))?"
    r"(?![\d_A-Za-z])"
)
_WORDS = re.compile(rf"(?P<low>{EN_WORDS})(?:\s*(?:to|-)\s*(?P<high>{EN_WORDS}))?", re.IGNORECASE)
_OF_THE = re.compile(r"\b(?:of|between) the $", re.I)  # "which of the two" counts nothing
_ZH_ALONE = re.compile(
    r"(?<![第分百千万一二两三四五六七八九十])(?P<low>(?:[一二两三四五六七八九]?[十百千]+(?!分|足|万|钧)[一二三四五六七八九十百零]*)(?![折分万点成])"
    r"|(?<=[\s、])[三四五六七八九](?=[\s、])"
    r"|(?<=[满减送抵补])[一二两三四五六七八九十百千]+(?![折分]))(?P<high>)"
)
_STOCK = re.compile(
    rf"(?:库存|还?剩下?|[只仅]剩|仅存)(?:只|还|仅|最后|有|为|[:：])*\s*{RANGE}|\bstock\s*[:=]\s*(?P<rows>\d+)"
    rf"|\b(?:only|just)\s+(?P<left>{DIGITS}|{EN_WORDS})(?: \w+)? (?:left|remaining|in stock)\b",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    rf"买(?P<bought>{ZH_WORDS}|\d)[件个只]?[送赠](?P<given>{ZH_WORDS}|\d)"
    rf"|\bbuy (?P<pays>{EN_WORDS}|\d)(?: \w+)?,? get (?P<gets>{EN_WORDS}|\d)\b",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r"(?<!and a )\b(?P<half>half)\b(?! each)|(?P<all>双倍|加倍|\bdouble\b(?!-| ?11)|\btwice\b)"
    r"|(?<!各)(?<!各出)(?<!各付)(?<!一人)一半",
    re.IGNORECASE,
)


def find_counts(text: str) -> Iterator[Claim]:
    for match in _MEASURED.finditer(text):
        if value := read_range(match):
            unit = next(unit for unit in _MEASURES if match[unit])
            factor = _MEASURES[unit][0]
            low, high = round(value[0] * factor, 9), round(value[1] * factor, 9)
            yield Claim("count", _SAME.get(unit, unit), (low, high), match[0], match.start(), value, unit)
    for match in _COUNTED.finditer(text):
        value = read_range(match)
        if value:
            is_article = value == (1.0, 1.0) and not match["low"][0].isdigit()
            yield Claim("count", COUNT, value, match[0], match.start(), value, ARTICLE if is_article else "")
    for match in _DIGITS.finditer(text):
        if value := read_range(match):
            yield Claim("count", NUMBER, value, match[0], match.start(), value)
    for match in _WORDS.finditer(text):
        value = read_range(match)
        if value and value[1] and not _OF_THE.search(text, 0, match.start()):
            is_article = value == (1.0, 1.0)
            yield Claim("count", NUMBER, value, match[0], match.start(), value, ARTICLE if is_article else "")
    for match in _ZH_ALONE.finditer(text):
        if (value := read_range(_Single(match))) and value[0] != 1:  # type: ignore[arg-type]
            yield Claim("count", NUMBER, value, match[0], match.start(), value)
    for match in _STOCK.finditer(text):
        number = read_number(match["rows"] or match["left"] or match["low"])
        if number is not None:
            yield Claim("count", "in stock", (number, number), match[0], match.start())
    for match in _GIVEN.finditer(text):
        given, bought = read_number(match["given"] or match["gets"]), read_number(match["bought"] or match["pays"])
        yield Claim("count", "given for bought", (given, bought), match[0], match.start())
    for match in _TIMES.finditer(text):
        value = (2.0, 2.0) if match["all"] else (0.5, 0.5)
        yield Claim("count", "times as much", value, match[0], match.start())


class _Single:
    """A match of one number, without the upper end of a range."""

    def __init__(self, match: re.Match[str]) -> None:
        self._match = match

    def __getitem__(self, name: str) -> str | None:
        return None if name == "high" else self._match[name]
