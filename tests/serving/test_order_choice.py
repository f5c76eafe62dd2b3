"""Which orders a question for one offers, and in which order."""

from __future__ import annotations

from datetime import date

from kefu.shop.flows import Step
from kefu.shop.part import Text
from serving.dialogue.linking.records import Order
from serving.dialogue.order_choice import likely_orders

NOW = "2026-11-16T10:00+08:00"
STEP = Step(id="ask", collect="order_number", among=("delivered",), also=("shipped",), within_days=30)


def order(name: str, status: str, day: date) -> Order:
    return Order(name, status, day.isoformat(), {}, Text(zh=name, en=name), days={"delivered_at": day})


NEW = order("new", "delivered", date(2026, 11, 10))
OLD = order("old", "delivered", date(2026, 9, 1))
UNDER_WAY = order("under way", "shipped", date(2026, 11, 15))
CANCELLED = order("cancelled", "cancelled", date(2026, 11, 15))


def test_what_the_flow_serves_comes_before_what_is_on_its_way() -> None:
    assert likely_orders([UNDER_WAY, CANCELLED, NEW, OLD], STEP, NOW) == [NEW, UNDER_WAY]


def test_an_old_order_is_offered_when_there_is_no_other() -> None:
    assert likely_orders([CANCELLED, OLD], STEP, NOW) == [OLD]


def test_all_are_offered_when_none_fits() -> None:
    assert likely_orders([CANCELLED], STEP, NOW) == [CANCELLED]
