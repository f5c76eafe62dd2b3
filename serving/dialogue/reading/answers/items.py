"""Which item of an order, and how many pieces, a text speaks of: 便当盒漏汤，马克杯没事; only the mat; 1 pillow.

An item is named by the catalogue's words or, since an order has few items, by the head of its name alone (灯, mat).
What the text says to keep is not meant; when one item is left over, that one is. Two items at once are none: a
flow takes one, and its own question tells them apart. Pieces are counted where something is to be done with them
(只坏了一个); of what was bought (买了两个) and what stays (一个够用了), the rest is meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kefu.shop.act_words import WordRule
from kefu.shop.slots import CJK
from kefu.text.numbers import DIGITS, ENGLISH, NUMBER, read_number
from serving.dialogue.linking.denial import is_denied
from serving.dialogue.linking.products import head_pattern
from serving.dialogue.linking.records import ProductLink
from serving.dialogue.reading.segments import answer_pieces
from serving.dialogue.reading.word_rules import evidence, plain

OF_AN_ORDER = re.compile(
    r"\s*(?:的?[那这]|的)?一?(?:单|笔|个?订单)|\s*的?[那这]一?[次回]|\s+(?:order|one)\b", re.IGNORECASE
)
WITH_IT = re.compile(
    r"(?:(?<![没还])有|含|带|\border (?:with|of|for|containing)(?: the| a| an| my)?)\s*$", re.IGNORECASE
)
PIECES = re.compile(
    rf"\W*(?:就|只|要|退|换|only|just|for)?\s*(?P<count>{NUMBER})\s*"
    r"(?P<unit>[个件只条双把套张瓶盒床口块盏台支顶袋]|(?:pieces?|items?|pcs?|of (?:them|these|it))\b)?"
    r"\W*(?:就(?:行|好|可以)|吧|please|pls)?\W*",
    re.IGNORECASE,
)
SHORT = 6  # characters of a clause in which one character names an item
MAX_PIECES = 20  # nobody buys more of one thing here: a larger number is something else
_UNIT = "[个件只条双把套张瓶盒床口块盏台支顶袋份本串罐组]"
_FEW = f"(?:\\d{{1,2}}|[{''.join(DIGITS)}十]{{1,2}})"
_NO_PIECES = (  # 一个月, 一个问题, 一件事, 一条短信, 汤碗两只装: counted, and no goods
    "(?:钱|月|星期|礼拜|小时|钟头|问题|事|订单|单子?|人|字|地方|原因|理由|办法|电话|快递|说法|建议|短信|信息|消息|邮件|价|包裹|多|半"
    "|[点些下样装])"
)
_ANOTHER_ONE = r"(?<=换)[一1]\s*[个件条]\s*(?:$|[新好别大小更颜吧了吗呗行可，,。！!？?~])"  # 想换一个: for another one
COUNTED_ZH = re.compile(
    rf"(?!{_ANOTHER_ONE})(?<![第\d.×xX号元月年{''.join(DIGITS)}十百])(?P<count>{_FEW})\s*{_UNIT}(?!{_NO_PIECES})"
    r"(?P<of>[\u4e00-\u9fff]{0,6}?(?:里面?|当中|之中|其中|中))?"
)
_WORDS_EN = "|".join(word for word, number in ENGLISH.items() if 0 < number <= 10)
_BEFORE_EN = (  # a lone "one" is a count at the start of a clause, and after these
    r"only|just|return|returning|returned|swap|exchange|replace|send|keep|keeping|need|needed|want|wanted|but|and|because"
    r"|whereas|while|then|quantity(?: is| should be)?|qty|make (?:it|that)|change (?:it|that|the quantity) to|should be"
)
_NO_PIECES_EN = (  # 2 days, 3-7, one more question, one size bigger
    r"(?:sizes?|colou?rs?|shades?|bigger|smaller|larger|darker|lighter)\b"
    r"|[-/:.,%]\s*\d|-|%|(?:more )?(?:question|thing)s?\b|(?:day|week|month|hour|minute|year|time|order|reason)s?\b"
    r"|(?:yuan|rmb|cm|kg|ml|l|am|pm)\b|star|by one\b"
)
COUNTED_EN = re.compile(
    rf"\b(?P<count>{_WORDS_EN}|\d{{1,2}})\s+(?:of\s+(?:them|these|those|it|the(?!\s+same\b)|my)\b|pieces?\b|items?\b|pcs\b)"
    rf"|(?:(?:^|[,.;:!?(]\s*)(?=[a-z])|\b(?:{_BEFORE_EN})\s+)(?P<lone>{_WORDS_EN}|\d{{1,2}})\b(?!\s*(?:{_NO_PIECES_EN}))"
    r"|\b(?:just|only) the (?P<the>one)\b(?=\W*(?:please\W*)?$)"
    rf"|\b(?P<not>{_WORDS_EN}|\d{{1,2}}),? not (?:{_WORDS_EN}|\d{{1,2}})\b",
    re.IGNORECASE,
)
_NO_NEED = re.compile(  # 用不了两个, don't need two: no count of what is to be done
    r"(?:不(?:用|需要|要)|用不[了着上到]|别)[^，。]{0,3}$"
    r"|(?:n't|\b(?:not|dont|didnt|no longer))\s+(?:\w+\s+){0,2}(?:need|want|keep)?\s*$",
    re.IGNORECASE,
)
NOT_BOTH = re.compile(  # of two: one
    r"(?:别|不(?:是|要|用)?)(?:两个)?[都全](?!行|可以)|\bnot (?:both|all)\b", re.IGNORECASE
)
BOUGHT = re.compile(
    r"(?:买|拍|订|下单|点|囤|入手|收到|到手|送来|发来|寄来|一共|总共|共)[了的过到]?(?:你们?家?的?|我?的?|这|那)?\s*$"
    r"|\b(?:bought|ordered|got|received|purchased|sent me|have|had|there (?:are|were)|all|pack of|set of)\s+"
    r"(?:(?:the|my|these)\s+)?$",
    re.IGNORECASE,
)
ENOUGH = re.compile(
    r"够|用得[上着]|\b(?:enough|only need(?:ed)?|just need(?:ed)?|all i need|is plenty|works? fine|is fine)\b",
    re.IGNORECASE,
)
SPARE = re.compile(
    rf"多(?:出来?|余|买|拍|下|点|订)?的?(?:那|这|了|出来的?)+一?{_UNIT}"
    r"|\b(?:extra|spare|surplus|duplicate|superfluous) (?:one|\w+)\b",
    re.IGNORECASE,
)


class NamedItems(NamedTuple):
    """SKUs of an order's items that a text names: those that something is to be done with, and those that stay."""

    wanted: list[str]
    kept: list[str]


def named_items(
    text: str,
    skus: Sequence[str],
    names: Sequence[Mapping[str, str]],
    links: Sequence[ProductLink],
    keep: WordRule | None,
) -> NamedItems:
    """The items of an order that a text names.

    Args:
        skus: the items of the order.
        names: SKU → name, one mapping a language.
        links: the products that the text names.
    """
    wanted: list[str] = []
    kept: list[str] = []
    at = 0
    for clause in answer_pieces(text, None):
        start, at = at, at + len(clause)
        found = [
            link.sku
            for link in links
            if link.sku in skus and start <= link.start < at and not means_order(text, link.start, link.end)
        ]
        headed, denied = _by_head(clause, skus, names)
        found = list(dict.fromkeys([*found, *(headed if not found else ())]))
        kept += denied
        (kept if evidence(plain(clause), keep) else wanted).extend(found)
    return NamedItems([sku for sku in dict.fromkeys(wanted) if sku not in kept], kept)


def only_item(named: NamedItems, skus: Sequence[str]) -> str | None:
    """The only item of an order that is wanted, by its name or because all the others stay; None: none, or several."""
    left = [sku for sku in skus if sku not in named.kept]
    if not named.wanted and named.kept and len(left) == 1:
        return left[0]
    return named.wanted[0] if len(named.wanted) == 1 else None


def told_pieces(text: str, keep: WordRule | None, bought: int | None = None) -> int | None:
    """How many pieces of one item a text wants something done with; None when it does not tell.

    Args:
        bought: how many there are of the item; None: not known.
    """
    wanted: list[int] = []
    kept: list[int] = []
    for clause in answer_pieces(text, None):
        words = plain(clause)
        if bought == 2 and NOT_BOTH.search(words):
            wanted.append(1)
        stays = evidence(words, keep) is not None or ENOUGH.search(words) is not None
        counted = [(m["count"], m.start("count"), bool(m["of"])) for m in COUNTED_ZH.finditer(words)]
        counted += [(m[m.lastgroup or 0], m.start(m.lastgroup or 0), False) for m in COUNTED_EN.finditer(words)]
        for spelled, start, of_all in counted:
            count = read_number(spelled)
            if count is None or not 0 < count <= MAX_PIECES or _NO_NEED.search(words[:start]):
                continue
            if of_all or BOUGHT.search(words[:start]):
                bought = bought or count
            else:
                (kept if stays else wanted).append(count)
        if not stays and SPARE.search(words):
            wanted.append(1)
    if wanted:
        return wanted[-1] if bought is None or wanted[-1] <= bought else None
    left = bought - kept[-1] if bought and kept else 0
    return left if left > 0 else None


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


def statements(text: str, question: WordRule | None) -> str:
    """A text without the clauses that ask something; "one?" tells how many."""
    parts = answer_pieces(text, None)
    asks = (evidence(plain(part.rstrip(" ，,、")), question) is not None and not pieces(part, ()) for part in parts)
    return "".join(part for part, asked in zip(parts, asks, strict=True) if not asked)


def means_order(text: str, start: int, end: int) -> bool:
    """Whether a product only tells which order is meant: 枕头那单, the order with the pillows."""
    return OF_AN_ORDER.match(text, end) is not None or WITH_IT.search(text[:start]) is not None


def _by_head(clause: str, skus: Sequence[str], names: Sequence[Mapping[str, str]]) -> tuple[list[str], list[str]]:
    """Items named by the head of their name, and those of them that are denied ("not the chopsticks")."""
    found: dict[str, set[str]] = {}
    denied: list[str] = []
    for sku in skus:
        for name in (some[sku] for some in names if sku in some):
            head, pattern = head_pattern(name)
            match = pattern.search(clause)
            short = len(re.sub(r"\W", "", clause)) <= SHORT
            if match and (short or not CJK.search(head)) and not means_order(clause, match.start(), match.end()):
                found.setdefault(head, set()).add(sku)
                denied += [sku] if is_denied(clause, match.start()) else []
    wanted = [sku for some in found.values() if len(some) == 1 for sku in some if sku not in denied]
    return wanted, denied
