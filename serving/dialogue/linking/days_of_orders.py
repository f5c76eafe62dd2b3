"""Days that a message names of own orders: of ordering, of sending, of delivery.

A day with words for what was done on it (12号买的, came on the 3rd) names orders. A day without them (12号脚垫那单, my
mat from the 12th) may be any day of an order, so it only narrows what the rest of the message describes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import re2

from kefu.shop.entities import OrderEntity
from kefu.text.regexes import re2_options
from serving.dialogue.linking.days import find_days
from serving.dialogue.linking.marks_of_orders import Mark
from serving.dialogue.linking.records import Order

_NEAR = 14  # characters around a day in which a word for buying or receiving stands
_CHINESE_HEAD = "(?:那|这|這|那一|这一)?[两二三四几2-9]?(?:个|個|单|單|笔|筆|件|条|订单|訂單|东西|包裹)"
_HEAD_AFTER = re.compile(
    rf"\s*(?:早上|上午|中午|下午|晚上|凌晨|夜里|半夜)?(?:的|那|这|這)+(?:{_CHINESE_HEAD}|$|[，。,.!！?？])"
    r"|\s*(?:['’]s\s+)?(?:order|one|purchase|parcel)\b",
    re.IGNORECASE | re.ASCII,
)
_HEAD_BEFORE = re.compile(
    r"\b(?:order|ones?|purchase|parcel)\s*(?:from|of|on|dated|placed|i placed)?\s*(?:the\s*)?$"
    r"|(?:订单|那单)[是，,]?$",
    re.IGNORECASE | re.ASCII,
)
_NOT_YET = re.compile(
    r"能|会|會|可以|要|想|没|沒|未|预计|希望|什么时候|几点|才|\b(?:will|can|would|should|going to|not)\b|n['’]t\b",
    re.IGNORECASE | re.ASCII,
)
_HAS_BEEN = re.compile(r"[了过]|的(?:那|个|单|订单)")
_SENTENCE = re.compile(r"[。！？!?;；\n]")
_COMMA = re.compile(r"[，,、]")
_WHOLE_DAY = re.compile(r"^[\s的那个單单笔one,，。.!！?？呢吧就是在于on from my the]*$", re.IGNORECASE | re.ASCII)


class DayOfOrderReader:
    """Reads days of orders by the pack's ``entities.yaml``.

    Args:
        entity: the pack's words for orders.
        promotions: promotion id → first and last day.
    """

    def __init__(self, entity: OrderEntity, promotions: Mapping[str, tuple[date, date]]) -> None:
        self._some_days = any_of(word for days in entity.day_words for word in days.words)
        self._times = [(time.field, any_of(time.words)) for time in entity.times]
        self._expected = {time.field: time.expected for time in entity.times}
        self._named_days = [(any_of(days.words), promotions[days.promotion]) for days in entity.day_words]

    def find(self, text: str, orders: Sequence[Order], today: date) -> Iterator[Mark]:
        """The days of own orders that a text names; without words for what was done on it, any day of an order."""
        mentions = [(m.start, m.end, m.first, m.last) for m in find_days(text, today)]
        named = self._named_days if self._some_days and self._some_days.search(text) else []
        for words, (first, last) in named:
            if match := words.search(text):
                mentions = [m for m in mentions if m[1] <= match.start() or match.end() <= m[0]]
                mentions.append((match.start(), match.end(), first, last))
        for start, end, first, last in mentions:
            field = self._field_of(text, start, end, first == last == today)
            ids = _of_days(orders, field, first, last)
            if field and not ids and (expected := self._expected[field]):  # 说好昨天到的: it should have come
                ids = _of_days(orders, expected, first, last)
            yield start, end, ids, field is not None

    def _field_of(self, text: str, start: int, end: int, is_today: bool) -> str | None:
        """The column that a day is about; None when nothing in its clause speaks of an order, or of one to come.

        Beyond a comma only where the day stands alone (上周五，我买的): 上个月搬家了，下单忘了 tells of a move.
        """
        after = _SENTENCE.split(text[end : end + _NEAR])[0]
        before = _SENTENCE.split(text[max(0, start - _NEAR) : start])[-1]
        head, tail = _COMMA.split(before)[-1], _COMMA.split(after)[0]
        if (head, tail) != (before, after) and not _WHOLE_DAY.match(head + tail):
            before, after = head, tail
        placed = self._times[0][0]
        nearest: list[tuple[int, str, bool]] = []
        for field, words in self._times:
            if match := words.search(after):
                future = is_today and field != placed and not _HAS_BEEN.match(after, match.end())
                nearest.append((match.start(), field, future or bool(_NOT_YET.search(after[: match.start()]))))
            for match in words.finditer(before):
                behind = before[max(0, match.start() - 5) :]
                nearest.append((len(before) - match.end() + 1, field, bool(_NOT_YET.search(behind))))
        if nearest:
            _, field, future = min(nearest)
            if not future:
                return field
            return placed if _HEAD_AFTER.match(after) else None  # 昨天那单什么时候发货
        alone = _HEAD_AFTER.match(after) or _HEAD_BEFORE.search(before)
        return placed if alone or _WHOLE_DAY.match(text[:start] + text[end:]) else None


def _of_days(orders: Sequence[Order], field: str | None, first: date, last: date) -> frozenset[str]:
    """The orders with a day from ``first`` to ``last`` in a column, or in any."""
    return frozenset(o.id for o in orders for f, day in o.days.items() if field in (f, None) and first <= day <= last)


def any_of(patterns: Iterable[str]) -> Any:
    """A regex that finds any of some; None when there are none."""
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    return re2.compile(joined, re2_options()) if joined else None
