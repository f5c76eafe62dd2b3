"""Which of the customer's orders a message means: by number, by what it says of the order, by a place in a list, or by
a pronoun.

A number decides alone. Products, days, states, what was paid and where it goes narrow the list, a place in a list then
picks of what is left, a pronoun prefers what the conversation is about. What is denied ("not that one") or only
compared ("the same address as …") never counts. Nothing outside the list is ever linked: whose an order is, the shop's
tool has said.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import NamedTuple

from kefu.shop.entities import OrderEntity
from kefu.text.placeholders import PLACEHOLDER
from serving.dialogue.linking.days_of_orders import DayOfOrderReader, any_of
from serving.dialogue.linking.denial import (
    came_instead,
    is_compared,
    is_denied,
    is_denied_after,
    is_kept,
    is_lacking,
)
from serving.dialogue.linking.marks_of_orders import find_amounts, find_hours, find_pieces, find_places_of_delivery
from serving.dialogue.linking.numbers import OrderNumbers
from serving.dialogue.linking.ordinals import Place, find_places, find_pointing
from serving.dialogue.linking.picks import find_picks
from serving.dialogue.linking.products import ProductHit, ProductIndex
from serving.dialogue.linking.records import Order, OrderLink

_CHINESE_HEAD = "(?:那|这|這|那一|这一)?[两二三四几2-9]?(?:个|個|单|單|笔|筆|件|条|订单|訂單|东西|包裹)"
_REFERS = re.compile(
    rf"订单|訂單|[那这這上一]{_CHINESE_HEAD}|(?:买|拍|下单|订|购买|收到|签收|付款?|发)的|我的|\border(?:ed|s)?\b|\bbought\b|\bpurchased?\b"
    r"|\bmy\b|\bi(?:['’]ve)? got\b|\b(?:that|this|the) one\b|\breceived\b|\bparcel\b|\bpackage\b|那单|那筆",
    re.IGNORECASE | re.ASCII,
)
_TAIL_ALONE = re.compile(r"0\d{3,8}")  # a number that is no price, year or count
MAX_STATES = 20  # more is pasted text
MOST_COMPARED = 5  # orders that a message describes, of which it may pick one
MAX_PICKING = 24  # characters of a message whose weak words (289, Xi'an) pick one of the orders that were offered
_STATE_HEAD_AFTER = re.compile(
    rf"\s*(?:了|过)?(?:的|那|这|這)|\s*(?:one|order|parcel|package)s?\b|\s*{_CHINESE_HEAD}(?:$|[，。,.!！?？])"
)
_STATE_HEAD_BEFORE = re.compile(
    r"\b(?:that|which|one|ones|what|order|the)(?:\s+|i|we|is|was|are|has|have|had|still|['’]s|already|just)*$",
    re.IGNORECASE | re.ASCII,
)
_AND = re.compile(r"和|跟|与|还有|以及|\band\b|\+", re.IGNORECASE)
_LISTED = re.compile(
    rf"\s*(?:的?{_CHINESE_HEAD})?\s*(?:,|，|、|and|n\b|or|plus|[&+]|和|跟|还有|以及)+\s*(?:and\s+)?(?:the\s+|my\s+|that\s+|那个?|我?的)?",
    re.IGNORECASE,
)


class _Evidence(NamedTuple):
    start: int
    end: int
    how: str
    ids: frozenset[str]
    named: bool = True  # False: the message tells a state of something ("has not arrived") and names no order


class OrderLinker:
    """Links messages to orders by the pack's ``entities.yaml``.

    Args:
        entity: the pack's words for orders.
        numbers: the pack's order numbers.
        products: the catalogue's names; None: orders are not found by product.
        promotions: promotion id → first and last day.
    """

    def __init__(
        self,
        entity: OrderEntity,
        numbers: OrderNumbers,
        products: ProductIndex | None,
        promotions: Mapping[str, tuple[date, date]],
    ) -> None:
        self._entity, self._numbers, self._products = entity, numbers, products
        self._states = [(state.statuses, any_of(state.words), any_of(state.not_words)) for state in entity.state_words]
        self._some_state = any_of(word for state in entity.state_words for word in state.words)
        self._days = DayOfOrderReader(entity, promotions)

    def link(
        self,
        text: str,
        orders: Sequence[Order],
        today: date,
        focus: str | None = None,
        offered: Sequence[str] = (),
        vault: Mapping[str, str] | None = None,
    ) -> OrderLink:
        """The orders that a message means; see ``Linker.link_orders``."""
        own = {order.id: order for order in orders}
        offered = [order for order in offered if order in own]
        found = [m for m in self._numbered(text, own, vault or {}) if not is_compared(text, m.start, m.end)]
        found = [m for m in found if not is_denied_after(text, m.end)]
        if any(not is_denied(text, mention.start) for mention in found):
            return _by_number(text, found)
        compared = _compared(own, offered, focus)
        narrowing = self._described(text, orders, today, compared, len(offered) > 1)
        out = [
            mention
            for mention in (*found, *narrowing)
            if is_denied(text, mention.start)
            or (is_kept(text, mention.start, mention.end) and _may_be_kept(mention, narrowing))
        ]
        denied = {order for mention in out for order in mention.ids}
        affirmed: Sequence[_Evidence] = [mention for mention in narrowing if mention not in out]
        left, affirmed, joined = _left_by(text, own, affirmed)
        kept = [order for order in (offered if set(offered) & left else own) if order in left and order not in denied]
        newest_first = [order for order in own if order in left and order not in denied]
        places = _places(text, offered, left, newest_first, focus, affirmed)
        denied |= {order for place in places if is_denied(text, place.start) for order in place.ids}
        picked = [
            place
            for place in places
            if not is_denied(text, place.start)
            and not any(aside(text, place.start, place.end) for aside in (is_kept, is_compared))
        ]
        evidence = [*((m.start, m.end, m.how) for m in affirmed), *((p.start, p.end, "ordinal") for p in picked)]
        refers = _REFERS.search(text) is not None
        pointing = find_pointing(text)
        if picked:
            kept = [order for place in picked for order in place.ids if order not in denied]
        elif not affirmed:
            if tail := self._tail_alone(text, own):
                return tail
            if pointing is None or focus not in own or focus in denied or is_denied(text, pointing.start()):
                return OrderLink(refers=refers, denied=tuple(o for o in own if o in denied))
            return OrderLink((focus,), ("pronoun",), False, (pointing[0],), True)
        elif pointing and is_denied(text, pointing.start()):
            alike = {order.id for order in compared if order.id != focus}
            kept = [order for order in kept if order in alike] or kept  # not this one, the one that I have got
        elif pointing and focus in kept and not joined:
            kept = [focus]
        return OrderLink(
            ids=tuple(dict.fromkeys(order for order in kept if order not in denied)),
            how=tuple(dict.fromkeys(how for *_, how in sorted(evidence, key=lambda e: _HOW.index(e[2])))),
            explicit=bool(picked) or any(m.named for m in affirmed),
            evidence=tuple(text[start:end] for start, end, _ in sorted(evidence)),
            refers=refers or bool(picked),
            denied=tuple(order for order in own if order in denied),
        )

    def _described(
        self, text: str, orders: Sequence[Order], today: date, compared: Sequence[Order], offered: bool
    ) -> list[_Evidence]:
        """What a text says of orders, without what it only compares. Some of it only narrows what the rest leaves.

        Args:
            compared: the few orders of which weak words pick one (the cheaper one); offered: whether they were shown.
        """
        days = list(self._days.find(text, orders, today))
        by_day = [_Evidence(start, end, "day", ids) for start, end, ids, named in days if named]
        found = [*self._by_product(text, orders), *by_day, *self._by_state(text, orders)]
        found = [mention for mention in found if not is_compared(text, mention.start, mention.end)]
        beside = [
            _Evidence(start, end, how, ids, named)
            for how, marks in (
                ("day", [mark for mark in days if not mark[3]]),
                ("hour", find_hours(text, orders)),
                ("amount", find_amounts(text, orders)),
                ("place", find_places_of_delivery(text, orders)),
                ("pieces", find_pieces(text, self._named(text), orders)),
            )
            for start, end, ids, named in marks
            if not is_compared(text, start, end)
        ]
        if offered and len(text) <= MAX_PICKING:  # 西安的, 289: of those that were offered
            ids = frozenset(order.id for order in compared)
            beside = [m if m.named or not ids & m.ids else m._replace(ids=ids & m.ids, named=True) for m in beside]
        own = {order.id: order for order in orders}
        left = _intersection(own, found) if found else set[str]()
        described = 1 < len(left) <= MOST_COMPARED
        few = [order for order in orders if order.id in left] if described else compared
        if picks := [
            _Evidence(start, end, "pick", ids)
            for start, end, ids, _ in find_picks(text, few, described or offered)
            if not any(m.how == "product" and m.start <= start < m.end for m in found)  # 四件套那单: no four pieces
        ]:
            found = [*found, *picks]
            beside = [mention for mention in beside if mention.how != "pieces"]  # 两口锅: the picked one is told better
        left = _intersection(own, found) if found else set()
        if _are_apart(found):  # the scale + the mats, ship today? what fits one of them leaves out none
            left = set()
        return [*found, *(mention for mention in beside if mention.named or left & mention.ids)]

    def _numbered(self, text: str, own: Mapping[str, Order], vault: Mapping[str, str]) -> list[_Evidence]:
        spans = [(s.start, s.end, s.value) for s in self._numbers.find(text, list(own))]
        for match in PLACEHOLDER.finditer(text):
            if match[1] == self._entity.pii and match[0] in vault:
                value = self._numbers.normalise(vault[match[0]], list(own))
                spans.append((match.start(), match.end(), value))
        return [_Evidence(s, e, "number", frozenset({value} & set(own))) for s, e, value in sorted(spans)]

    def _tail_alone(self, text: str, own: Mapping[str, Order]) -> OrderLink | None:
        """A message that is nothing but the last digits of one order."""
        digits = text.strip(" \t\n。.!！")
        ids = [order for order in own if order.endswith(digits)] if _TAIL_ALONE.fullmatch(digits) else []
        return OrderLink(tuple(ids), ("number",), True, (digits,), True) if ids else None

    def _named(self, text: str) -> list[tuple[int, int, Sequence[str]]]:
        hits = (self._products.find(text) or self._products.find_heads(text)) if self._products else []
        return [(hit.start, hit.end, hit.skus) for hit in hits]

    def _by_product(self, text: str, orders: Sequence[Order]) -> list[_Evidence]:
        return [
            _Evidence(
                h.start,
                h.end,
                "product",
                frozenset(
                    o.id for o in orders if bool(set(h.skus) & set(o.skus)) is not is_lacking(text, h.start, h.end)
                ),
            )
            for h in self.find_items(text, orders)
            if not came_instead(text, h.start, h.end)
        ]

    def find_items(self, text: str, orders: Sequence[Order]) -> list[ProductHit]:
        """Products that a text names, and words for several (the pot, 那口锅) that may be one of the orders' items.

        Beside a product such a word counts only in a list with it (the diffuser and the pot).
        """
        if self._products is None:
            return []
        named, heads = self._products.find(text), self._products.find_heads(text)
        own = {sku for order in orders for sku in order.skus}
        if named:
            heads = [h for h in heads if own & set(h.skus) and _is_listed(text, h, named)]
        return sorted([*named, *heads])

    def _by_state(self, text: str, orders: Sequence[Order]) -> list[_Evidence]:
        found: list[_Evidence] = []
        if self._some_state is None or not self._some_state.search(text):
            return found  # nearly every message
        for statuses, words, not_words in self._states:
            matches = list(islice(words.finditer(text), MAX_STATES))
            spared = [m.span() for m in islice(not_words.finditer(text), MAX_STATES)] if not_words and matches else []
            for match in matches:
                if not any(match.start() < end and start < match.end() for start, end in spared):
                    ids = frozenset(o.id for o in orders if o.status in statuses)
                    head = _STATE_HEAD_AFTER.match(text, match.end()) or _STATE_HEAD_BEFORE.search(
                        text[: match.start()]
                    )
                    named = head is not None or match[0].endswith(("的", "那", "这", "one", "order", "单"))
                    found.append(_Evidence(match.start(), match.end(), "state", ids, named))
        return found


_WEAK = ("day", "hour", "amount", "place", "pieces", "pick")
_HOW = ("number", "ordinal", "product", "day", "hour", "state", "amount", "place", "pieces", "pick")


def _compared(own: Mapping[str, Order], offered: Sequence[str], focus: str | None) -> list[Order]:
    """The orders among which weak words pick: those offered, else those with a product of the one spoken of."""
    if len(offered) > 1:
        return [own[order] for order in offered]
    if focus is None or focus not in own:
        return []
    return [order for order in own.values() if set(order.skus) & set(own[focus].skus)]


def _may_be_kept(mention: _Evidence, mentions: Sequence[_Evidence]) -> bool:
    """Whether what is kept is an order: what is kept by a product's name may be an item of the order that is meant."""
    others = [other.ids for other in mentions if other.how == "product" and other is not mention]
    apart = mention.how == "product" and bool(others) and not mention.ids & frozenset[str]().union(*others)
    return mention.how in _WEAK or apart


def _are_joined(text: str, mentions: Sequence[_Evidence]) -> bool:
    """Whether a text says "and" between each two mentions."""
    ordered = sorted(mentions)
    pairs = list(zip(ordered, ordered[1:], strict=False))
    return bool(pairs) and all(_AND.search(text[first.end : second.start]) for first, second in pairs)


def _are_apart(mentions: Sequence[_Evidence]) -> bool:
    """Whether the products that are named belong to different orders."""
    sets = [mention.ids for mention in mentions if mention.how == "product" and mention.ids]
    return len(sets) > 1 and not frozenset.intersection(*sets)


def _is_listed(text: str, head: ProductHit, named: Sequence[ProductHit]) -> bool:
    """Whether a word stands in a list with a product: the diffuser and the pot, 锅和香薰精油."""
    between = (text[hit.end : head.start] if hit.end <= head.start else text[head.end : hit.start] for hit in named)
    return any(_LISTED.fullmatch(words) for words in between)


def _by_number(text: str, found: Sequence[_Evidence]) -> OrderLink:
    kept = [mention for mention in found if not is_denied(text, mention.start)]
    ids = dict.fromkeys(order for mention in kept for order in mention.ids)
    denied = {order for mention in found if mention not in kept for order in mention.ids} - set(ids)
    evidence = tuple(text[mention.start : mention.end] for mention in kept)
    return OrderLink(tuple(ids), ("number",), True, evidence, True, tuple(sorted(denied)))


def _intersection(own: Mapping[str, Order], mentions: Sequence[_Evidence]) -> set[str]:
    """The orders that every kind of mention allows; two products mean orders with both, else with either."""
    left = set(own)
    for how in _HOW[2:]:
        sets = [mention.ids for mention in mentions if mention.how == how]
        if sets:
            allowed = left & set(frozenset.intersection(*sets) or frozenset.union(*sets))
            # A parcel that counts as delivered may not have come: what customers tell of its state excludes no order
            left = left if how == "state" and not allowed and len(left) < len(own) else allowed
    return left


def _left_by(
    text: str, own: Mapping[str, Order], mentions: Sequence[_Evidence]
) -> tuple[set[str], Sequence[_Evidence], bool]:
    """The orders that the mentions leave, those of them that count, and whether each names orders of its own."""
    left = _intersection(own, mentions)
    if left:
        return left, mentions, False
    if _are_joined(text, mentions):  # 15号那单和养生壶: two orders
        return set(own) & {order for mention in mentions for order in mention.ids}, mentions, True
    named = [mention for mention in mentions if mention.how == "product"]  # days are misremembered
    return (_intersection(own, named), named, False) if named else (left, mentions, False)


def _places(
    text: str,
    offered: Sequence[str],
    left: Collection[str],
    newest_first: Sequence[str],
    focus: str | None,
    mentions: Sequence[_Evidence],
) -> list[Place]:
    """The places of the list offered, or of the orders left, that a text names; no words that a mention has."""
    places = [p for p in find_places(text, offered, newest_first, focus) if set(p.ids) & set(left)] if offered else []
    places = places or find_places(text, [order for order in offered if order in left], newest_first, focus)
    known = [p for p in places if p.ids or not mentions]  # a number that the list does not have
    return [p for p in known if not any(p.start < m.end and m.start < p.end for m in mentions)]
