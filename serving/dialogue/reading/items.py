"""Which item of an order, and how many pieces, a text speaks of: 便当盒漏汤，马克杯没事; only the mat; 1 pillow.

An item is named by the catalogue's words or, since an order has few items, by the head of its name alone (灯, mat).
What the text says to keep is not meant; when one item is left over, that one is. Two items at once are none: a
flow takes one, and its own question tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kefu.shop.act_words import WordRule
from kefu.shop.slots import CJK
from kefu.text.numbers import NUMBER, read_number
from serving.dialogue.linking.denial import is_denied
from serving.dialogue.linking.products import head_of
from serving.dialogue.linking.records import ProductLink
from serving.dialogue.reading.segments import clauses
from serving.dialogue.reading.word_rules import evidence, plain

OF_AN_ORDER = re.compile(r"\s*(?:那|这|的那|的这)?(?:一)?(?:单|笔|个?订单)|\s+(?:order|one)\b", re.IGNORECASE)
WITH_IT = re.compile(r"(?:有|含|带|\border (?:with|of|for|containing)(?: the| a| an| my)?)\s*$", re.IGNORECASE)
PIECES = re.compile(
    rf"\W*(?:就|只|要|退|换|only|just|for)?\s*(?P<count>{NUMBER})\s*"
    r"(?P<unit>[个件只条双把套张瓶盒床口块盏台支顶袋]|(?:pieces?|items?|pcs?|of (?:them|these|it))\b)?"
    r"\W*(?:就(?:行|好|可以)|吧|please|pls)?\W*",
    re.IGNORECASE,
)
SHORT = 6  # characters of a clause in which one character names an item


def named_item(
    text: str,
    skus: Sequence[str],
    names: Sequence[Mapping[str, str]],
    links: Sequence[ProductLink],
    keep: WordRule | None,
) -> str | None:
    """The SKU of the only item of an order that a text wants something done with; None: none, or several.

    Args:
        skus: the items of the order.
        names: SKU → name, one mapping a language.
        links: the products that the text names.
    """
    wanted: list[str] = []
    kept: list[str] = []
    at = 0
    for clause in clauses(text):
        start, at = at, at + len(clause)
        found = [
            link.sku
            for link in links
            if link.sku in skus and start <= link.start < at and not _means_order(text, link.start, link.end)
        ]
        headed, denied = _by_head(clause, skus, names)
        found = list(dict.fromkeys([*found, *(headed if not found else ())]))
        kept += denied
        (kept if evidence(plain(clause), keep) else wanted).extend(found)
    wanted = [sku for sku in dict.fromkeys(wanted) if sku not in kept]
    left = [sku for sku in skus if sku not in kept]
    if not wanted and kept and len(left) == 1:
        return left[0]
    return wanted[0] if len(wanted) == 1 else None


def pieces(text: str, links: Sequence[ProductLink]) -> str | None:
    """A count of pieces that is all of a text but for the item's name: 一个, 1 pillow, one?."""
    bare = text
    for link in sorted({(link.start, link.end) for link in links}, reverse=True):
        bare = bare[: link[0]] + bare[link[1] :]
    found = PIECES.fullmatch(plain(bare))
    word = bool(found and found["count"].isalpha() and found["count"].isascii())
    if not found or not (found["unit"] or word or bare != text):
        return None
    count = read_number(found["count"])
    return str(count) if count is not None else None


def _means_order(text: str, start: int, end: int) -> bool:
    """Whether a product only tells which order is meant: 枕头那单, the order with the pillows."""
    return OF_AN_ORDER.match(text, end) is not None or WITH_IT.search(text[:start]) is not None


def _by_head(clause: str, skus: Sequence[str], names: Sequence[Mapping[str, str]]) -> tuple[list[str], list[str]]:
    """Items named by the head of their name, and those of them that are denied ("not the chopsticks")."""
    found: dict[str, set[str]] = {}
    denied: list[str] = []
    for sku in skus:
        for name in (some[sku] for some in names if sku in some):
            head = head_of(name)
            pattern = re.escape(head) if CJK.search(head) else rf"\b{re.escape(head)}(?:e?s)?\b"
            match = re.search(pattern, clause, re.IGNORECASE)
            short = len(re.sub(r"\W", "", clause)) <= SHORT
            if match and (short or not CJK.search(head)) and not _means_order(clause, match.start(), match.end()):
                found.setdefault(head, set()).add(sku)
                denied += [sku] if is_denied(clause, match.start()) else []
    wanted = [sku for some in found.values() if len(some) == 1 for sku in some if sku not in denied]
    return wanted, denied
