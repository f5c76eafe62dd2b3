"""Numbers of pieces in a message, in Chinese and English: 三个, 两条, 一对, x3, 3 pcs, two of the, a dozen.

A number counts as pieces only with a measure word or beside a product (``basket.py`` decides that). Prices, sizes,
days, ordinals and the numbers of offers (两件9折) are no pieces. Positions are those of the text that is given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from kefu.text.numbers import read_number

HALF_WIDTH = {ord("０") + i: str(i) for i in range(10)} | {
    ord("ｘ"): "x",
    ord("Ｘ"): "x",
    ord("＊"): "*",
    ord("，"): ",",
}
SURROGATES = re.compile("[\ud800-\udfff]")
MAX_PIECES = 999

NUMERALS = "零一二两兩三四五六七八九十百"
MEASURES = "个個只隻条條套件床台臺口瓶盏盞把张張份包盒箱块塊枚支双雙对對打"
WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
}  # fmt: skip
GROUPS = {"a pair of": 2, "a couple of": 2, "half a dozen": 6, "a half dozen": 6, "a dozen": 12, "one dozen": 12}

# What follows a number and makes it no number of pieces.
NOT_PIECES = (
    r"(?!\s*(?:(?:的|那张|这张|的那张)?(?:优惠|代金|抵用|满减)?券|钱|差价|运费|人|月|星期|礼拜|小时|钟|工作日|天|年"
    r"|问题|地址|订单|包裹|优惠|活动|级|城市|快递|客服))"
)
NOT_PIECES_ENGLISH = (
    r"(?!\s*-?\s*(?:weeks?|days?|hours?|minutes?|months?|years?|times|people|persons|of us|orders?|parcels?|coupons?"
    r"|offers?|questions?|accounts?|points?|percent|yuan|rmb)\b)"
)
CHINESE = re.compile(
    rf"(?<![第每满滿減减券.])(?:(?P<number>(?<!\d)\d{{1,3}}|(?<![{NUMERALS}])[{NUMERALS}]{{1,4}})\s*(?P<measure>[{MEASURES}])"
    rf"(?!折){NOT_PIECES}|(?P<both>[俩倆仨]))"
)
OFFER = re.compile(r"^\s*(?:打|可?享|就?是|是不是)?\s*(?:\d+(?:\.\d+)?|[一二三四五六七八九]{1,2})\s*折")
ENGLISH = re.compile(
    rf"\b(?P<group>{'|'.join(GROUPS)})\b(?:\s+of\b)?"
    rf"|\b(?P<number>\d{{1,3}}|{'|'.join(WORDS)})\s*(?P<unit>pcs|pc|pieces?|units?|sets?|packs?)\b(?:\s+of\b)?"
    rf"|\b(?P<word>{'|'.join(WORDS)})(?:\s+more)?(?:\s+of\b(?:\s+(?:them|those|these)\b)?)?(?![\w-]){NOT_PIECES_ENGLISH}"
    rf"|\b(?P<digits>\d{{1,3}})\s+(?:more\s+)?of\b",
    re.IGNORECASE,
)
TIMES = re.compile(
    r"(?<![\w.])(?:[x×*]\s?(?P<after>\d{1,3})(?![\w.×*])|(?P<before>\d{1,3})\s?[x×*](?![\w×*]))", re.IGNORECASE
)
# A number alone: only beside a product.
BARE = re.compile(
    r"(?<![\w.¥￥$满减第#/:-])(?P<digits>\d{1,3})(?![\d.:%％/-]|\s*(?:那|元|块|塊|折|号|號|月|天|年|米|厘|的|瓦|升|%|cm|rmb|yuan|off|l\b|w\b))",
    re.IGNORECASE,
)

VAGUE = re.compile("[一二两兩三四五六七八九]{2}")


@dataclass(frozen=True)
class Quantity:
    """A number of pieces that ``text[start:end]`` says.

    Args:
        measure: the measure word or unit; "" when there is none.
        form: ``bare`` counts only beside a product, ``offer`` is the number of an offer: 三件85折.
    """

    pieces: int
    start: int
    end: int
    measure: str = ""
    form: Literal["said", "bare", "offer"] = "said"


def plain(text: str) -> str:
    """Full-width digits and signs as ASCII, lone surrogates as U+FFFD; every position stays."""
    return SURROGATES.sub("\ufffd", text.translate(HALF_WIDTH))


def count_of(numeral: str) -> int | None:
    """Returns the number of digits or Chinese numerals; None when they are vague: 两三, 三五."""
    return None if VAGUE.search(numeral) else read_number(numeral.replace("兩", "两"))


def find_quantities(text: str) -> list[Quantity]:
    """Returns the numbers of pieces in a text, in order; none overlaps another.

    Args:
        text: as ``plain`` returns it, products' names blanked out.
    """
    found: list[Quantity] = []
    for match in CHINESE.finditer(text):
        if match["both"]:
            found.append(Quantity(3 if match["both"] == "仨" else 2, *match.span(), "个"))
        elif (number := count_of(match["number"])) is not None:
            each = {"对": 2, "對": 2, "打": 12}.get(match["measure"], 1)
            form: Literal["said", "offer"] = "offer" if OFFER.match(text[match.end() : match.end() + 8]) else "said"
            found.append(Quantity(number * each, *match.span(), match["measure"], form))
    for match in ENGLISH.finditer(text):
        if match["group"]:
            found.append(Quantity(GROUPS[match["group"].lower()], *match.span()))
        else:
            word = (match["number"] or match["word"] or match["digits"]).lower()
            pieces = int(word) if word.isdecimal() else WORDS[word]
            found.append(Quantity(pieces, *match.span(), (match["unit"] or "").lower()))
    for match in TIMES.finditer(text):
        found.append(Quantity(int(match["after"] or match["before"]), *match.span(), "x"))
    for match in BARE.finditer(text):
        found.append(Quantity(int(match["digits"]), *match.span(), form="bare"))
    found.sort(key=lambda q: (q.start, q.start - q.end))
    kept: list[Quantity] = []
    for quantity in found:
        if 1 <= quantity.pieces <= MAX_PIECES and (not kept or quantity.start >= kept[-1].end):
            kept.append(quantity)
    return kept
