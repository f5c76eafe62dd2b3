"""What customers say of an order beside its products and days: what was paid (393块的那单), where it goes (西安那单,
the one to Chengdu), the hour at which it was placed (8点那单), and how much of a product it has (那两个电水壶, the one
that I bought on its own).

All are weak words: an amount may be a price, a city a new address. So each says whether words for an order stand
beside it; without them it can only narrow what something else has found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from kefu.text.numbers import NUMBER, read_number
from serving.dialogue.linking.pinyin import spelled
from serving.dialogue.linking.records import Order

Mark = tuple[int, int, frozenset[str], bool]  # start, end, orders, whether it names an order

_AMOUNT = re.compile(
    r"[¥￥]\s*(?P<sign>\d{1,6}(?:\.\d{1,2})?)|(?<![\d.\-])(?P<unit>\d{1,6}(?:\.\d{1,2})?)\s*(?:块钱?|元|yuan\b|rmb\b)"
    r"|(?<![\d.\-])(?P<bare>\d{2,6}(?:\.\d{1,2})?)(?=\s+(?:one|order)\b|(?:买|付|拍)?的|那|这|$|[，。,.!！?？])"
    r"|\b(?:the|my)\s+(?P<sum>\d{2,6}(?:\.\d{1,2})?)(?![\d.%]|st\b|nd\b|rd\b|th\b|\s*(?:off|coupon|voucher|points|pieces?|days?)\b)"
    r"|\b(?:paid|for|at|cost)\s+(?P<paid>\d{2,6}(?:\.\d{1,2})?)(?![\d.]|\s*(?:days?|weeks?|pieces?|%))",
    re.IGNORECASE,
)
_HOUR = re.compile(
    r"(?P<half>早上|今早|上午|中午|下午|傍晚|晚上|昨晚|今晚|凌晨|夜里)?\s*(?<![\d.])(?P<hour>\d{1,2})"
    r"(?:\s*(?:点|[:：])(?P<minute>\d{2}(?!\d))?分?(?:多|左右|半)?(?:\s?(?P<pm>[ap]m)\b)?|\s?(?P<m>[ap]m)\b)",
    re.IGNORECASE,
)
_LATE_HALF = re.compile(r"下午|傍晚|晚|pm", re.IGNORECASE)
_PLACED_AFTER = re.compile(r"\s*(?:的时候)?(?:下|买|拍|订)(?:的|单)")
_ONE_BEFORE = re.compile(r"[一那]单(?:是|在)?$")
_BOUGHT_FOR = re.compile(r"\s*(?:买|付|拍)的|\s*那?件|\s+for\b", re.IGNORECASE)  # after the price of one piece
_HEAD_AFTER = re.compile(
    r"\s*(?:那边|这边|那里|那头)|\s*(?:的|那|这|这一|那一|一)*(?:单|筆|笔|个?订单|个?包裹)|\s*(?:的)?(?:那|这)(?:个(?!地址|家)|件|笔|单)|\s*的(?:那|这)"
    r"|\s*的(?=要是|如果|万一|呢|到哪|怎么还|什么时候|啥时候)|\s+(?:one|order|parcel|package)s?\b",
    re.IGNORECASE,
)
_HEAD_BEFORE = re.compile(
    r"\b(?:one|ones|order|parcel|package|delivery)s?\s+(?:(?:that(?:['’]s| is)?|which is)\s+)?"
    r"(?:going\s+|went\s+|sent\s+|shipped\s+)?(?:to|for|of|worth)\s+$|(?<![改换转])(?:寄|送|发|到|去|往)(?:到|往|去|给)?$",
    re.IGNORECASE,
)
_NEW_PLACE = re.compile(
    r"(?:那|这)?(?:个|边|里)?(?:的)?(?:地址|行|可以|能|吗|成不|好不|收)"
)  # 寄到青岛行不: where it is to go
_NEW_PLACE_BEFORE = re.compile(
    r"[改换转](?:成|到|为|去|寄|发|送)*(?:我的?)?$|\b(?:send|ship|deliver|change|move|redirect|switch)\s+(?:it|this|that|them)"
    r"\s+(?:\w+\s+){0,2}to\s+(?:my\s+|the\s+)?$",
    re.IGNORECASE,
)  # 改上海那个, send it to my Beijing one: an address, whatever word for an order follows
_COUNT = re.compile(
    rf"({NUMBER})\s*[个只件条床套把张瓶盒台口双]?\s*(?:of (?:those|these|the|them|my|your)\s+)?$", re.IGNORECASE
)
_WITH = re.compile(r"\b(?:one|order|parcel) with (?:just |only |a single )?$", re.IGNORECASE)
COUNT_WINDOW = 20  # characters before a product in which its number may stand
_ALONE = re.compile(
    r"单独(?:买|下|拍|一)|单(?:买|拍|只|个|件|条)|(?:就|只)(?:买|有|拍)了?[这那]?一[个只件样种]"
    r"|(?:只|就)有[^，。！？,.!?\s]{1,8}的?[这那](?:一)?(?:个?订单|单|筆|笔)|(?:只|就)有[^，。！？,.!?\s]{1,8}的$"
    r"|\bjust the [\w -]{2,20} (?:one|order)\b|\b(?:one|order) with (?:just|only) the\b"
    r"|\b(?:with|has|have|had|contains?) (?:just|only) (?:one|a|1)\b|\bthe single (?:one|\w+)\b"
    r"|\b(?:on its own|by itself|on their own|bought alone|nothing else)\b",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[^省市区]+?(?=省|市|壮族|回族|维吾尔|自治区|$)")
_ADDRESS_GOES_ON = "(?![省市区县]|[\\u4e00-\\u9fff]{1,4}[区县路街])"  # a part of an address that is told


def find_amounts(text: str, orders: Sequence[Order]) -> Iterator[Mark]:
    """Amounts in a text that are the total of own orders, or what one piece in them cost: 199买的那件."""
    for found in _AMOUNT.finditer(text):
        amount = float(next(filter(None, found.groups())))
        of_piece = bool(found["paid"]) or _BOUGHT_FOR.match(text, found.end()) is not None
        totals = frozenset(order.id for order in orders if order.total == amount)
        pieces = frozenset(order.id for order in orders if amount in order.prices)
        if ids := (pieces or totals) if of_piece else (totals or pieces):
            named = of_piece or bool(found["sum"] and totals) or _is_named(text, found.start(), found.end())
            yield found.start(), found.end(), ids, named


def find_hours(text: str, orders: Sequence[Order]) -> Iterator[Mark]:
    """Hours at which own orders were placed, where a word for an order follows: 8点44那单, the 5 am one."""
    for found in _HOUR.finditer(text):
        placed = _PLACED_AFTER.match(text, found.end()) or _ONE_BEFORE.search(text[: found.start()])
        if not (placed or _is_named(text, found.start(), found.end())):
            continue
        hour, minute = int(found["hour"]), found["minute"] or ""
        half = found["half"] or found["pm"] or found["m"] or ""
        late = [(hour + 12) % 24] if hour < 12 and (not half or _LATE_HALF.search(half)) else []
        times = {f"{h:02}:{minute}" for h in (late if half and late else [hour, *late])}
        ids = frozenset(order.id for order in orders if any(order.created_at[11:].startswith(t) for t in times))
        if ids:
            yield found.start(), found.end(), ids, True


def find_pieces(text: str, named: Sequence[tuple[int, int, Sequence[str]]], orders: Sequence[Order]) -> Iterator[Mark]:
    """How many of a named product own orders have, and those that have nothing else.

    Args:
        named: where products stand, and which they may be.
    """
    for start, end, skus in named:
        found = _COUNT.search(text, max(0, start - COUNT_WINDOW), start)
        if not found or not (count := read_number(found[1])):
            continue
        head = _HEAD_AFTER.match(text, end) or _WITH.search(text[: found.start()])
        if count > 1 or head:  # 一个水壶那单; 一个水壶 alone names a product
            fit = frozenset(o.id for o in orders if any((sku, count) in _lines(o) for sku in skus))
            yield found.start(), end, fit, False
    if named and (found := _ALONE.search(text)):
        every = {sku for *_, skus in named for sku in skus}
        alone = frozenset(o.id for o in orders if len(o.skus) == 1 and o.skus[0] in every)
        single = frozenset(o.id for o in orders if o.id in alone and o.quantities == (1,))
        yield found.start(), found.end(), single or alone, False


def find_places_of_delivery(text: str, orders: Sequence[Order]) -> Iterator[Mark]:
    """Provinces and cities in a text to which own orders go; 寄西安的 in Chinese, to Xi'an in English."""
    to: dict[str, set[str]] = {}
    for order in orders:
        for place in _places(order.region):
            to.setdefault(place, set()).add(order.id)
    for place, ids in to.items():
        for found in _spelled(place).finditer(text):
            if not (_NEW_PLACE.match(text, found.end()) or _NEW_PLACE_BEFORE.search(text[: found.start()])):
                yield found.start(), found.end(), frozenset(ids), _is_named(text, found.start(), found.end())


def goes_to(text: str, order: Order) -> bool:
    """Whether a text names the place that an order goes to."""
    return any(_spelled(place).search(text) for place in _places(order.region))


def _is_named(text: str, start: int, end: int) -> bool:
    return _HEAD_AFTER.match(text, end) is not None or _HEAD_BEFORE.search(text[:start]) is not None


def _lines(order: Order) -> list[tuple[str, int]]:
    return list(zip(order.skus, order.quantities, strict=False))


@lru_cache(maxsize=4096)
def _places(region: str) -> tuple[str, ...]:
    """浙江 and 杭州 of 浙江省杭州市."""
    return tuple(dict.fromkeys(part for part in _PARTS.findall(region) if len(part) >= 2))


@lru_cache(maxsize=4096)
def _spelled(place: str) -> re.Pattern[str]:
    """A place in characters, or in pinyin as English writes it."""
    return re.compile(rf"{re.escape(place)}{_ADDRESS_GOES_ON}|{spelled(place)}", re.IGNORECASE)
