"""What picks an order of a few that are compared: by its number of pieces (一口的那个, the one with two), by having
nothing else in it (单独买的那个), by its total (the cheaper one) and by its age (先下的那单, the older one).

Such words mean nothing by themselves. They count among the orders that were offered, else among those with a product
of the order that the conversation is about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from kefu.text.numbers import read_number
from serving.dialogue.linking.marks_of_orders import Mark
from serving.dialogue.linking.records import Order

_PIECE = "[个個只件条條床套把张張瓶盒台臺口双雙盏块份]"
_HEAD = "(?:(?:那|这|這)(?:一)?(?:个|個|单|單|笔|筆|件|订单))"
_PIECES = re.compile(
    rf"(?<![第\d一二两三四五六七八九十])([一两俩二三四1-4])\s*{_PIECE}(?:(?![的一两俩])[\u4e00-\u9fff]){{0,5}}?(?:的{_HEAD}?|{_HEAD})(?!留|不动|保留|要)"
    rf"|(?:单|單)(?:个|個|只|件|条|买|拍)的(?:{_HEAD})?|(?:就|只)(?:有|买)?(一){_PIECE}的"
    r"|\b(?:the )?(?:one|order) with (?:just |only |a )*(?:the )?(one|two|three|four|single|[1-4])\b"
    r"|\b(?:the|just|only) (single) (?:one|order)\b",
    re.IGNORECASE,
)
_ALONE = re.compile(
    rf"单独(?:买|下|拍|订)?了?的{_HEAD}?"
    r"|\b(?:one|order)\b[^.?!,]{0,24}\b(?:alone|on its own|by itself|separately)\b|\bthe separate (?:one|order)\b",
    re.IGNORECASE,
)
_CHEAPEST = re.compile(
    rf"(?:最|更|比较)?便宜一?(?:点|些)?的{_HEAD}?|\b(?:the )?cheap(?:er|est)(?: one| order)?\b", re.IGNORECASE
)
_DEAREST = re.compile(
    rf"(?:最|更|比较)?贵一?(?:点|些)?的{_HEAD}?"
    r"|\b(?:the )?(?:dear(?:er|est)|(?:more|most) expensive|pricier)(?: one| order)?\b",
    re.IGNORECASE,
)
_OLDER = re.compile(
    rf"(?:更|比较)?早(?:一?点|一?些)?(?:下|买|拍)?的{_HEAD}?|先(?:下|买|拍)的{_HEAD}?|(?:之|以)前(?:买的|下的|的)?{_HEAD}"
    r"|旧的?(?:那|这)(?:个|單|单|笔|件)|\b(?:the )?(?:older|earlier|old)(?: one| order)\b|\bthe one before(?: that)?\b",
    re.IGNORECASE,
)
_NEWER = re.compile(
    rf"(?:更|比较)?[晚新](?:一?点|一?些)?(?:下|买|拍)?的{_HEAD}|后(?:来|面)?(?:下|买|拍)的{_HEAD}?|后面{_HEAD}"
    r"|\b(?:the )?(?:newer|later)(?: one| order)\b",
    re.IGNORECASE,
)
_HEADED = re.compile(rf"{_HEAD}$|\b(?:one|order)\b", re.IGNORECASE)
_ONE = frozenset({"一", "1", "one", "single"})
MAX_LENGTH = 80  # characters of a message that picks; a longer one tells a story


def find_picks(text: str, compared: Sequence[Order], are_named: bool) -> Iterator[Mark]:
    """Words of a text that pick some of ``compared``; none where they fit all or none of them.

    Args:
        are_named: whether these orders were offered, or the text describes them. Else 两个的 and "cheaper" may be
            said of a product: then only pieces and age count, with words for an order (那单, the older one).
    """
    if len(compared) < 2 or len(text) > MAX_LENGTH:
        return
    for match in _PIECES.finditer(text):
        if not are_named and not _HEADED.search(match[0]):
            continue
        number = next(filter(None, match.groups()), "一").lower()
        yield from _mark(match, _with_pieces(compared, 1 if number in _ONE else read_number(number) or 2), compared)
    if are_named and (found := _ALONE.search(text)):
        yield from _mark(found, [order for order in compared if len(order.skus) == 1], compared)
    priced = [order for order in compared if order.total is not None]
    by_total: tuple[tuple[re.Pattern[str], Callable[..., Order]], ...] = ((_CHEAPEST, min), (_DEAREST, max))
    for pattern, choose in by_total:
        if are_named and (found := pattern.search(text)) and len(priced) == len(compared):
            best = choose(priced, key=lambda order: order.total or 0.0)
            yield from _mark(found, [order for order in priced if order.total == best.total], compared)
    by_age = sorted(compared, key=lambda order: order.created_at)
    for pattern, picked in ((_OLDER, by_age[:1]), (_NEWER, by_age[-1:])):
        if (found := pattern.search(text)) and (are_named or _HEADED.search(found[0])):
            yield from _mark(found, picked, compared)


def _mark(found: re.Match[str], orders: Sequence[Order], compared: Sequence[Order]) -> Iterator[Mark]:
    if orders and len(orders) < len(compared):
        yield found.start(), found.end(), frozenset(order.id for order in orders), True


def _with_pieces(orders: Sequence[Order], count: int) -> list[Order]:
    """Orders of so many pieces in all; where there are none, with so many of one product."""
    whole = [order for order in orders if sum(order.quantities) == count]
    return whole or [order for order in orders if count > 1 and count in order.quantities]
