"""Reads which products, and how many of each, a message names. When anything is not sure, it reads nothing.

A number belongs to the product right after it (三个羽绒枕, two of the pillows) or right before it (羽绒枕三个,
pillow x3). A product without a number counts once, but not where a number, a plural or "some" was left unread.
It does not find products: the linker does (``serving/dialogue/linking``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from serving.dialogue.pricing.quantities import MEASURES, NUMERALS, Quantity, find_quantities, plain
from serving.dialogue.pricing.records import Product

Basket = tuple[tuple[str, int], ...]


class ProductMention(Protocol):
    """What is read of a linker's ``ProductLink``: ``text[start:end]`` names the product."""

    @property
    def sku(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


BLANK = "\ue000"  # a product's name, blanked out
# Choices, exclusions and vague numbers: several readings, so none.
UNSURE = re.compile(
    rf"[几幾第][{NUMERALS}\d]*[{MEASURES}]|[{NUMERALS}\d]\s*(?:到|至|或|~|～|-|－)\s*[{NUMERALS}\d]+\s*[{MEASURES}]|[二两兩三四五六七八][三四五六七八九][{MEASURES}]"
    rf"|一些|若干|半[{MEASURES}]|至少|最少|最多|起码|以上|以内|还是|還是|或者|或是|要么|除了|每人|一人|每个人|[百千万萬][多来幾几]|换成|換成|代替|差多少|哪[个個款种種条條]|买.送|買.送"
    rf"|(?:不要|不买|不想要|不想买|不用|别买)[^,，。{BLANK}]{{0,6}}{BLANK}|{BLANK}[^,，。{BLANK}]{{0,2}}(?:就|我)?(?:不要|不买|不用|算)了"
    r"|\b(?:or|some|several|few|many|at least|at most|up to|instead|except|without|rather than)\b"
    r"|\b(?:hundreds?|thousands?|per person|each of us|versus|vs|not|don't|more than|less than)\b"
    rf"|\bno\s+(?:the\s+)?{BLANK}|\d\s*(?:-|–|to)\s*\d+\s",
    re.IGNORECASE,
)
BEFORE = re.compile(
    r"\s*(?:of\s+)?(?:(?:the|your|these|those|this|that)\s+)?(?:[\u4e00-\u9fff]{1,4}的)?\s*", re.IGNORECASE
)
AFTER = re.compile(
    r"\s*[:：,，(（]?\s*(?:我们|我|你|就|也|都|想|打算|准备|需要|要|一共|总共|购买|买|買|来|來|拿|拍|订|訂|下单|下|带|帶|需|改成|改为|改到|改)*\s*",
    re.IGNORECASE,
)
BARE_BEFORE = re.compile(r"\s*", re.IGNORECASE)
BARE_AFTER = re.compile(
    r"[\s:：,，(（-]*(?:数量|數量|qty|quantity|to\b|要|买|買|来|來|拿|拍|订|改成|改为|改)?[\s:：]*", re.IGNORECASE
)
# What was bought before is no part of what is asked for now.
BOUGHT = re.compile(r"[买買订訂拍][了过過]|已经?[买買]|之前[买買]|\b(?:bought|ordered|already have)\b", re.IGNORECASE)
MAX_BARE_PIECES = 20  # a larger number alone is rather a price
ONE = re.compile(
    r"(?:\b(?:a|an|the|this|that|your|plus|and|with|another|so|okay|ok)|[这這那该加][个個只条條款套件床台口]?|(?:^|[，,。])[就只][买要]?|\+)\s*$",
    re.IGNORECASE,
)
EACH = re.compile(
    r"各\s*(?:自|来|來|买|買|要|拿|拍|订|带)?\s*$|每[样樣种種款个個]\s*(?:都|各)?\s*(?:来|來|买|買|要|拿|拍|订)?\s*$"
)
EACH_AFTER = re.compile(r"\s*(?:of\s+)?each\b", re.IGNORECASE)
MORE = re.compile(
    r"(?:再|另外?|还|還|多)\s*(?:加|来|來|要|买|買|拿|添|拍|订)|加上|\b(?:another|add|plus|more|extra)\b|\+",
    re.IGNORECASE,
)
SET_AFTER = re.compile(r"\s*(?:sets?|packs?|boxes)\b", re.IGNORECASE)  # two waffle towel sets
NAME_COUNTS = re.compile(rf"[{NUMERALS}\d]+\s*([{MEASURES}])")
ENGLISH_COUNT = re.compile(r"\b(?:\d+|two|three|four|five|six|ten)\b", re.IGNORECASE)


class _Mention(NamedTuple):
    sku: str
    start: int
    end: int
    words: str


def read_basket(
    text: str,
    links: Sequence[ProductMention],
    products: Mapping[str, Product] | None = None,
    previous: Basket | None = None,
) -> Basket | None:
    """Returns (SKU, pieces) in the order of the message; None when something is not sure.

    Args:
        text: the customer's message.
        links: products of the message; several of one span are several readings.
        products: the catalogue, to see that 三条 of 华夫格毛巾三条 may be one pack; None: not looked at.
        previous: the basket that 再加一个 and "another" add to.
    """
    mentions = _mentions(text, links)
    if mentions is None:
        return None
    masked = blank_mentions(plain(text), mentions)
    if UNSURE.search(masked) or (BOUGHT.search(masked) and len({mention.sku for mention in mentions}) > 1):
        return None
    quantities = find_quantities(masked)
    if not mentions:
        return _changed(masked, quantities, previous)
    counts = _counts(masked, mentions, quantities, products or {})
    if counts is None:
        return None
    if MORE.search(masked[: mentions[0].start]):
        return _sum([*previous, *counts]) if previous else None
    return _sum(counts)


def _mentions(text: str, links: Sequence[ProductMention]) -> list[_Mention] | None:
    """The mentions in order; None when one span may be several products, or spans overlap."""
    found = sorted({(link.start, link.end, link.sku) for link in links})
    for (_, end, _sku), (start, _end, _other) in zip(found, found[1:], strict=False):
        if start < end or (start, end) == (_end, start):
            return None
    return [_Mention(sku, start, end, text[start:end]) for start, end, sku in found]


def blank_mentions(text: str, mentions: Iterable[ProductMention]) -> str:
    """Returns the text with each product's name blanked out; positions stay."""
    for mention in mentions:
        text = text[: mention.start] + BLANK * (mention.end - mention.start) + text[mention.end :]
    return text


def _counts(
    text: str, mentions: Sequence[_Mention], quantities: Sequence[Quantity], products: Mapping[str, Product]
) -> list[tuple[str, int]] | None:
    """Pieces of each mention, in order."""
    each = [q for q in quantities if EACH.search(text[: q.start]) or EACH_AFTER.match(text, q.end)]
    said = [q for q in quantities if q.form == "said" and q not in each]
    prices = {int(products[m.sku].price) for m in mentions if m.sku in products}
    bare = [q for q in quantities if q.form == "bare" and q not in each and q.pieces not in prices]
    if each:
        if len(each) > 1 or said or len(mentions) < 2 or _counts_inside(each[0], mentions, products):
            return None
        return [(mention.sku, each[0].pieces) for mention in mentions]
    assigned = _assigned(text, mentions, said, bare)
    if assigned is None:
        one_product = len({mention.sku for mention in mentions}) == 1
        numbers = said or [q for q in quantities if q.form == "offer"]
        if not one_product or len(numbers) != 1:
            return None
        assigned = {0: numbers[0]}
    elif not assigned and len(mentions) == 1:
        assigned = dict(enumerate([q for q in quantities if q.form == "offer"][:1]))
    inside = (
        _counts_inside(quantity, [mentions[i]], products) and not SET_AFTER.match(text, mentions[i].end)
        for i, quantity in assigned.items()
    )
    if any(inside):
        return None
    read = set(assigned.values())
    if len(assigned) < len(mentions) and any(q.pieces <= MAX_BARE_PIECES and q not in read for q in bare):
        return None
    return _with_ones(text, mentions, assigned, products)


def _assigned(
    text: str, mentions: Sequence[_Mention], said: Sequence[Quantity], bare: Sequence[Quantity]
) -> dict[int, Quantity] | None:
    """Mention → its number, all numbers before their products or all after; None when a number is left over."""
    readings = []
    for before_first in (True, False):
        taken: dict[int, Quantity] = {}
        is_whole = True
        for quantity in sorted((*said, *bare), key=lambda q: q.start):
            is_bare = quantity.form == "bare"
            following = next((i for i, m in enumerate(mentions) if m.start >= quantity.end), None)
            leading = next((i for i in reversed(range(len(mentions))) if mentions[i].end <= quantity.start), None)
            places = []
            if following is not None:
                gap = text[quantity.end : mentions[following].start]
                if (BARE_BEFORE if is_bare else BEFORE).fullmatch(gap):
                    places.append((True, following))
            if leading is not None:
                gap = text[mentions[leading].end : quantity.start]
                if (BARE_AFTER if is_bare else AFTER).fullmatch(gap):
                    places.append((False, leading))
            places.sort(key=lambda place: place[0] != before_first)
            if not places:
                is_whole = is_whole and is_bare  # a number that stands alone may be anything
            elif places[0][1] in taken:
                is_whole = False
            else:
                taken[places[0][1]] = quantity
        if is_whole:
            readings.append(taken)
    return max(readings, key=len) if readings else None


def _counts_inside(quantity: Quantity, mentions: Sequence[_Mention], products: Mapping[str, Product]) -> bool:
    """Whether the number may count what is inside a pack: 三条 of 华夫格毛巾三条, two soup bowls."""
    names = [products[m.sku].name for m in mentions if m.sku in products]
    if quantity.measure in MEASURES and quantity.measure:
        return any(quantity.measure in NAME_COUNTS.findall(name.zh) for name in names)
    return quantity.measure == "" and any(ENGLISH_COUNT.search(name.en) for name in names)


def _with_ones(
    text: str, mentions: Sequence[_Mention], assigned: Mapping[int, Quantity], products: Mapping[str, Product]
) -> list[tuple[str, int]] | None:
    """Adds one piece of each product that has no number; None where that is a guess."""
    counts: list[tuple[str, int]] = []
    numbered = {mentions[i].sku for i in assigned}
    for i, mention in enumerate(mentions):
        gap = text[mentions[i - 1].end if i else 0 : mention.start]
        seen = any(sku == mention.sku for sku, _ in counts)
        has_more = bool(MORE.search(gap))
        if i in assigned:
            if seen and not has_more:
                return None
            counts.append((mention.sku, assigned[i].pieces))
        elif seen and has_more:
            counts.append((mention.sku, 1))
        elif mention.sku in numbered or seen:
            continue
        elif _is_plural(mention.words, products.get(mention.sku)) or (assigned and not _means_one(gap, i)):
            return None
        else:
            counts.append((mention.sku, 1))
    return counts


def _means_one(gap: str, place: int) -> bool:
    """Whether a product means one piece after these words, or as the first of a list: 空气炸锅加两条毛巾."""
    return ONE.search(gap) is not None or (place == 0 and (not gap.strip() or gap.rstrip().endswith((":", "："))))


def _is_plural(words: str, product: Product | None) -> bool:
    """Whether English words mean several pieces: pillows, but not the walnut chopsticks, whose name is a plural."""
    last = words.lower().split()[-1:]
    return (
        words.isascii()
        and words.lower().endswith("s")
        and not (product and last[0] in re.findall(r"[a-z]+", product.name.en.lower()))
    )


def _changed(text: str, quantities: Sequence[Quantity], previous: Basket | None) -> Basket | None:
    """A message without a product, after a basket of one product: 再加一个, 那三个呢."""
    said = [q for q in quantities if q.form == "said"]
    if not previous or len(previous) != 1 or len(said) != 1:
        return None
    sku, pieces = previous[0]
    return ((sku, pieces + said[0].pieces if MORE.search(text) else said[0].pieces),)


def _sum(counts: Iterable[tuple[str, int]]) -> Basket:
    pieces: dict[str, int] = {}
    for sku, number in counts:
        pieces[sku] = pieces.get(sku, 0) + number
    return tuple(pieces.items())
