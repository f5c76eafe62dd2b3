"""Part of an order is returned: who is asked what, and what comes back, against an oracle in exact cents."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from kefu.paths import ROOT
from kefu.shop.slots import extract
from serving.dialogue.flow import FlowEngine, Visit
from serving.tools.demo_database import build
from serving.tools.shop_db import ToolBox
from tests.fixtures.demo_pack import PACK
from tests.fixtures.desk import open_desk

NOW = PACK.shop.demo_now or ""
FLOW = next(flow for flow in PACK.flows if flow.name == "return")
SLOTS = {step.collect: PACK.slots[step.collect] for step in FLOW.steps if step.collect}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """The demo's shop, in which an order of two products of C1001 has arrived."""
    build(ROOT / "shop", tmp_path / "shop.db")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop:
        shop.execute(
            "UPDATE orders SET status = 'delivered', shipped_at = created_at, "
            "delivered_at = '2026-11-15T22:00:00+08:00' WHERE order_id IN ('QM2611150013', 'QM2611150044')"
        )
        shop.commit()
    return tmp_path / "shop.db"


def lines_of_orders(db: Path) -> Iterator[tuple[str, str, str, int]]:
    with closing(sqlite3.connect(db)) as shop:
        yield from shop.execute(
            "SELECT order_id, customer_id, sku, quantity FROM order_items JOIN orders USING (order_id) ORDER BY 1, 3"
        ).fetchall()


def share(db: Path, order: str, sku: str, quantity: int) -> Decimal:
    """What was paid for some units, in cents: the items' prices share what was paid for all of them."""
    with closing(sqlite3.connect(db)) as shop:
        items = shop.execute("SELECT sku, quantity, price FROM order_items WHERE order_id = ?", (order,)).fetchall()
        total, coupon = shop.execute(
            "SELECT total, coalesce(amount, 0) FROM orders LEFT JOIN coupons USING (coupon_id) WHERE order_id = ?",
            (order,),
        ).fetchone()
    if quantity == sum(count for _, count, _ in items):
        return Decimal(str(total))
    listed = sum(Decimal(str(price)) * count for _, count, price in items)
    price = next(Decimal(str(price)) for name, _, price in items if name == sku)
    part = price * quantity * (listed - Decimal(str(coupon))) / listed
    return part.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_every_part_of_every_order_is_worth_its_share_to_the_cent(db: Path) -> None:
    tools, shared = ToolBox(PACK, db), 0
    for order, customer, sku, most in lines_of_orders(db):
        for quantity in range(1, most + 1):
            args = {"order_id": order, "sku": sku, "quantity": quantity, "reason": "quality"}
            paid = share(db, order, sku, quantity)
            assert Decimal(str(tools.call("quote_return", args, customer, NOW).rows[0]["amount"])) == paid, args
            args["reason"] = "unsuitable"
            amount = Decimal(str(tools.call("quote_return", args, customer, NOW).rows[0]["amount"]))
            assert amount == max(paid - 10, Decimal(0)), args
            shared += paid != paid.to_integral_value()
    assert shared > 20, "no order whose coupon has to be shared: the test shows nothing"


@pytest.mark.parametrize("quantity", [0, 3, -1, "x", None])
def test_more_than_was_bought_cannot_be_returned(db: Path, quantity: object) -> None:
    args = {"order_id": "QM2611100011", "sku": "BD-101", "quantity": quantity, "reason": "quality"}
    tools = ToolBox(PACK, db)
    assert tools.call("create_partial_return", args, "C1001", NOW).error == "too_many"
    assert tools.call("quote_return", args, "C1001", NOW).error == "too_many"


def test_nobody_returns_an_order_of_somebody_else(db: Path) -> None:
    args = {"order_id": "QM2611100011", "sku": "BD-101", "quantity": 1, "reason": "quality"}
    assert ToolBox(PACK, db).call("create_partial_return", args, "C1002", NOW).error == "not_found"


def talk(db: Path, customer: str, *says: str) -> list[str]:
    session = uuid4().hex
    with open_desk(db) as desk:
        return [desk.reply(session, customer, text).text for text in says]


def returns(db: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(db)) as shop:
        return shop.execute("SELECT order_id, sku, quantity, amount FROM returns WHERE sku IS NOT NULL").fetchall()


def test_of_several_products_the_one_that_is_meant_is_asked_for(db: Path) -> None:
    asked, how_many, reason, confirm, done = talk(
        db, "C1001", "退货QM2611150013，只退一部分", "马克杯", "两个", "不喜欢", "好的"
    )
    assert "1. 慢煮养生壶 × 1\n2. 手作马克杯 × 2" in asked and "退几件" in how_many and "原因" in reason
    assert "手作马克杯 × 2" in confirm and "实付 118.00 元" in confirm and "退款 108.00 元" in confirm
    assert "108.00 元" in done
    assert returns(db) == [("QM2611150013", "TW-402", 2, 108.0)]


def test_all_units_are_the_whole_order(db: Path) -> None:
    confirm = talk(db, "C1001", "退货QM2611100011，退两个，不喜欢")[-1]
    assert "保留" not in confirm and "退款 248.00 元" in confirm


def test_the_item_is_chosen_by_its_number(db: Path) -> None:
    *_, confirm = talk(db, "C1001", "退货QM2611150013，只退其中一件", "1", "质量问题")
    assert "慢煮养生壶 × 1" in confirm and "退款 249.00 元" in confirm


def test_what_is_not_in_the_order_is_asked_again(db: Path) -> None:
    again = talk(db, "C1001", "退货QM2611150013，只退一部分", "空气炸锅")[-1]
    assert "没有对上" in again and "1. 慢煮养生壶" in again


def test_one_product_may_go_back_although_another_of_the_order_may_not(db: Path) -> None:
    part = talk(db, "C1004", "退货QM2611150044，只退四件套，不喜欢", "四件套")[-1]
    assert "暖阳法兰绒四件套 × 1" in part and "退款 269.00 元" in part
    bags = talk(db, "C1004", "退货QM2611150044，只退一部分", "保鲜袋", "1个", "不喜欢")[-1]
    assert "不支持无理由退货" in bags
    whole = talk(db, "C1004", "退货QM2611150044，不喜欢", "整单都退")[-1]
    assert "不支持无理由退货" in whole


def test_a_product_that_the_reader_understood_needs_no_question(db: Path) -> None:
    """The linker fills ``return_item``; of two pieces, how many go back is asked."""
    engine, vault = FlowEngine(PACK, ToolBox(PACK, db)), {"[ORDER_1]": "QM2611150013", "[ORDER_2]": "QM2611100011"}
    visit = Visit("C1001", vault, "zh", NOW)
    slots = {"return_item": "KA-202", "return_reason": "quality"}
    state, progress = engine.start(FLOW, slots | {"order_number": "[ORDER_1]"}, visit)
    assert progress.asks == "confirm" and "慢煮养生壶 × 1" in progress.says[-1]
    state, progress = engine.start(FLOW, slots | {"order_number": "[ORDER_2]", "return_item": "BD-101"}, visit)
    assert progress.asks == "return_quantity"
    progress = engine.fill(state, {"return_quantity": "2"}, visit)
    assert progress.asks == "confirm" and "云朵羽绒枕 × 2" in progress.says[-1] and "258.00 元" in progress.says[-1]


def test_a_second_part_is_not_promised(db: Path) -> None:
    talk(db, "C1001", "退货QM2611100011，只退一个，不喜欢", "好的")
    assert "云朵羽绒枕 × 1" in talk(db, "C1001", "退货QM2611100011")[-1]


@pytest.mark.parametrize(
    ("text", "scope", "quantity"),
    [
        ("我只退一个", "part", "1"),
        ("退两件就行", None, "2"),
        ("留一个，另一个退了", "part", None),
        ("I only want to return one", "part", "1"),
        ("return two of them", None, "2"),
        ("全部退掉", "all", None),
        ("都退了吧", "all", None),
        ("return both of them", "pieces", None),
        ("我要退货", None, None),
        ("退一下这个枕头", None, None),
        ("能不能只退款", "money_only", None),
        ("买了3天了想退", None, None),
        ("退10块运费", None, None),
        ("I want to return it within 7 days", None, None),
        ("退货单号2611100011", None, None),
    ],
)
def test_what_a_message_tells_of_the_part(text: str, scope: str | None, quantity: str | None) -> None:
    told = extract(text, SLOTS, "zh")
    assert (told.get("return_scope"), told.get("return_quantity")) == (scope, quantity)


@pytest.mark.parametrize(
    ("text", "value"),
    [("一个", "1"), ("2", "2"), ("就两件吧", "2"), ("two please", "2"), ("都行", None), ("1或2", None)],
)
def test_a_count_that_is_asked_for_is_any_number(text: str, value: str | None) -> None:
    assert extract(text, SLOTS, "zh", asked="return_quantity").get("return_quantity") == value
