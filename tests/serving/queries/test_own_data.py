"""Queries on the demo's real shop: every figure equals an oracle's SQL, nobody sees what is not his."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kefu.paths import ROOT
from kefu.shop.part import Lang
from serving.dialogue.queries import Queries
from serving.tools.demo_database import build
from serving.tools.shop_db import ToolBox
from tests.serving.queries.shop import LANGS, PACK, date_of, lines, sql, visit

CUSTOMERS = ("C1001", "C1002", "C1003", "C1004")
PRIVATE = [n for n, q in PACK.queries.items() if q.tool and not PACK.tools[q.tool].public]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("customer", CUSTOMERS)
class TestACustomer:
    """Each query that needs nothing, for each customer of the demo."""

    def test_sees_his_orders(self, queries: Queries, db: Path, customer: str, lang: Lang) -> None:
        orders = sql(
            db,
            "SELECT order_id, total, created_at FROM orders WHERE customer_id = ? "
            "ORDER BY created_at DESC, order_id DESC",
            customer,
        )
        said = lines(queries.answer("my_orders", {}, visit(customer, lang)))
        assert len(said) == len(orders) > 0
        for line, (order, total, created) in zip(said, orders, strict=True):
            assert order in line and f"{total:.2f}" in line and date_of(created, lang) in line
            for name, quantity in sql(
                db,
                f"SELECT name_{lang}, quantity FROM order_items JOIN products USING (sku) WHERE order_id = ?",
                order,
            ):
                counted = f"{name}×{quantity}" if lang == "zh" else f"{quantity} × {name}"
                assert (counted if quantity > 1 else name) in line

    def test_sees_only_the_ten_newest_of_many_orders(self, tmp_path: Path, customer: str, lang: Lang) -> None:
        build(ROOT / "shop", tmp_path / "shop.db")
        with closing(sqlite3.connect(tmp_path / "shop.db")) as shop, shop:
            shop.execute(
                "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 21) "
                "INSERT INTO orders SELECT 'QM26111699' || i, customer_id, status, '2026-11-15T0' || (i % 10) || ':' "
                "|| i || ':00+08:00', paid_at, shipped_at, delivered_at, recipient, phone, address, payment, NULL, "
                "total FROM n, (SELECT * FROM orders WHERE customer_id = ? LIMIT 1)",
                (customer,),
            )
        newest = sql(
            tmp_path / "shop.db",
            "SELECT order_id FROM orders WHERE customer_id = ? ORDER BY created_at DESC LIMIT 10",
            customer,
        )
        answer = Queries(PACK, ToolBox(PACK, tmp_path / "shop.db")).answer("my_orders", {}, visit(customer, lang))
        assert [re.findall(r"QM\d+", line) for line in lines(answer)] == [[order] for (order,) in newest]

    def test_sees_his_points_and_what_they_are_worth(
        self, queries: Queries, db: Path, customer: str, lang: Lang
    ) -> None:
        points = sql(db, "SELECT points FROM customers WHERE customer_id = ?", customer)[0][0]
        text = queries.answer("my_points", {}, visit(customer, lang)).text
        assert f" {points} " in text and f" {points // 100}.{points % 100:02} " in text

    def test_sees_his_coupons(self, queries: Queries, db: Path, customer: str, lang: Lang) -> None:
        coupons = sql(
            db,
            "SELECT amount, min_spend, expires_on FROM coupons WHERE customer_id = ? AND used_on IS NULL "
            "AND expires_on >= '2026-10-17' ORDER BY expires_on < '2026-11-16', expires_on",
            customer,
        )
        answer = queries.answer("my_coupons", {}, visit(customer, lang))
        assert answer.found == bool(coupons)
        for line, (amount, least, expires) in zip(lines(answer), coupons, strict=bool(coupons)):
            assert f"{amount:.2f}" in line and f"{least:.2f}" in line and date_of(expires, lang) in line
            assert (("过期" in line) or ("expired" in line)) == (expires < "2026-11-16")

    def test_sees_his_level(self, queries: Queries, db: Path, customer: str, lang: Lang) -> None:
        level, joined = sql(db, "SELECT level, joined_on FROM customers WHERE customer_id = ?", customer)[0]
        names = {"basic": ("普通会员", "basic member"), "silver": ("银卡会员", "silver member")}
        text = queries.answer("my_level", {}, visit(customer, lang)).text
        assert names[level][LANGS.index(lang)] in text and date_of(joined, lang) in text

    def test_sees_what_his_orders_hold_cost_and_when(
        self, queries: Queries, db: Path, customer: str, lang: Lang
    ) -> None:
        for order, total, *times in sql(
            db,
            "SELECT order_id, total, created_at, paid_at, shipped_at, delivered_at FROM orders WHERE customer_id = ?",
            customer,
        ):
            slots, who = {"order_number": "[ORDER_1]"}, visit(customer, lang, ORDER_1=order)
            assert f" {total:.2f} " in queries.answer("order_total", slots, who).text
            dates = queries.answer("order_dates", slots, who).text
            assert all(date_of(time, lang) in dates for time in times if time)
            items = sql(
                db,
                f"SELECT name_{lang}, quantity, i.price FROM order_items i JOIN products USING (sku) "
                "WHERE order_id = ? ORDER BY sku",
                order,
            )
            said = lines(queries.answer("order_contents", slots, who))
            assert len(said) == len(items)
            for line, (name, quantity, price) in zip(said, items, strict=True):
                assert name in line and str(quantity) in line and f"{price:.2f}" in line


def test_the_sum_of_an_order_adds_up(queries: Queries, db: Path) -> None:
    """With a coupon and with a shipping fee, for every order of the shop."""
    coupons = fees = 0
    for order, customer in sql(db, "SELECT order_id, customer_id FROM orders"):
        text = queries.answer("order_total", {"order_number": order}, visit(customer, "zh")).text
        found = re.search(
            r" (?P<total>[\d.]+) 元：商品 (?P<items>[\d.]+) 元(?:，优惠券减 (?P<coupon>[\d.]+) 元)?，"
            r"(?:运费 (?P<fee>[\d.]+) 元|免运费)",
            text,
        )
        assert found, text
        total, items, coupon, fee = (round(float(found[n] or 0) * 100) for n in ("total", "items", "coupon", "fee"))
        assert total == items - coupon + fee
        coupons, fees = coupons + bool(coupon), fees + bool(fee)
    assert coupons > 10 and fees > 10


def test_a_query_that_reads_a_case_is_not_asked_without_one(queries: Queries) -> None:
    assert [match.name for match in queries.named("寄到昆明几天能到", "zh")] == ["delivery_days"]
    assert queries.named("快递一般几天能到", "zh") == []
    assert [match.name for match in queries.named("买一百二十块的东西邮费多少", "zh")] == ["shipping_cost"]
    assert queries.named("为什么收了我8块运费", "zh") == []
    assert queries.named("两单一块儿发能省运费吗", "zh") == []


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("lang", LANGS)
def test_a_stranger_is_asked_to_sign_in(queries: Queries, name: str, lang: Lang) -> None:
    answer = queries.answer(name, {"order_number": "QM2611100011"}, visit(None, lang))
    assert answer.signed_out and answer.text == PACK.conversation.sign_in.in_(lang) and not answer.facts


@pytest.mark.parametrize("name", ["order_contents", "order_total", "order_dates"])
@pytest.mark.parametrize("order", ["QM2611100011", "qm2611100011", "QM2611100011' OR '1'='1", "%", ""])
def test_nobody_sees_an_order_of_somebody_else(queries: Queries, db: Path, name: str, order: str) -> None:
    answer = queries.answer(name, {"order_number": order}, visit("C1002"))
    if order:
        assert not answer.found and order in answer.text and not answer.facts
    assert "羽绒枕" not in answer.text and "258" not in answer.text


def test_a_missing_order_is_asked_for_with_those_of_the_customer(queries: Queries) -> None:
    answer = queries.answer("order_total", {}, visit("C1004"))
    assert answer.missing == "order" and not answer.found
    assert [option.value for option in answer.options] == [
        "QM2611150044",
        "QM2611120043",
        "QM2611060041",
        "QM2611030042",
    ]
    assert answer.text.split("\n")[1:] == [f"{n}. {option.label}" for n, option in enumerate(answer.options, 1)]


def test_the_only_order_is_taken_and_none_is_said(tmp_path: Path) -> None:
    build(ROOT / "shop", tmp_path / "shop.db")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop:
        shop.execute("UPDATE orders SET customer_id = 'C1005' WHERE customer_id = 'C1004' AND total <> 399")
        shop.commit()
    queries = Queries(PACK, ToolBox(PACK, tmp_path / "shop.db"))
    answer = queries.answer("order_total", {}, visit("C1004"))
    assert answer.found and "QM2611030042" in answer.text and "399.00" in answer.text
    nobody = queries.answer("order_total", {}, visit("C9999"))
    assert not nobody.found and nobody.missing is None and "还没有订单" in nobody.text


@pytest.mark.parametrize("lang", LANGS)
def test_until_when_an_unpaid_order_can_be_paid(queries: Queries, db: Path, lang: Lang) -> None:
    """24 hours from the order, for the only unpaid order without asking which; who has none is told the rule."""
    unpaid = "SELECT order_id, strftime('%Y-%m-%d %H:%M', substr(created_at, 1, 19), '+24 hours') FROM orders "
    rows = sql(db, unpaid + "WHERE customer_id = 'C1001' AND status = 'unpaid'")
    ((order, until),) = rows
    told = queries.answer("order_payment_deadline", {}, visit(lang=lang))
    assert told.found and order in told.text and date_of(until, lang) in told.text and until[11:] in told.text
    (nobody,) = sql(
        db, "SELECT customer_id FROM customers EXCEPT SELECT customer_id FROM orders WHERE status = 'unpaid' LIMIT 1"
    )
    rule = queries.answer("order_payment_deadline", {}, visit(nobody[0], lang))
    assert not rule.found and not rule.options and "24" in rule.text


@pytest.mark.parametrize("lang", LANGS)
def test_the_last_days_to_return_an_order(queries: Queries, db: Path, lang: Lang) -> None:
    """They are the last days on which the tools take a return: of any order, to the day."""
    delivered = sql(db, "SELECT order_id, customer_id, delivered_at FROM orders WHERE status = 'delivered' LIMIT 40")
    returned = {order for (order,) in sql(db, "SELECT order_id FROM returns")}
    for order, customer, at in delivered:
        if order not in returned:
            told = queries.answer("order_return_deadline", {"order_number": order}, visit(customer, lang)).text
            for days in (7, 15, 30):
                day = (datetime.fromisoformat(at) + timedelta(days=days)).date().isoformat()
                assert date_of(day, lang) in told, (order, days)


def test_only_orders_that_may_be_meant_are_offered(queries: Queries, db: Path) -> None:
    asked = queries.answer("order_return_deadline", {}, visit("C1001"))
    states = dict(sql(db, "SELECT order_id, status FROM orders WHERE customer_id = 'C1001'"))
    assert asked.missing == "order" and {states[option.value] for option in asked.options} == {"delivered"}


def test_whether_a_product_was_ordered_is_told_of_ones_own_orders_alone(queries: Queries, db: Path) -> None:
    for (sku,) in sql(db, "SELECT sku FROM products"):
        own = sql(db, "SELECT order_id FROM order_items JOIN orders USING (order_id) WHERE customer_id = ? AND sku = ?",
                  "C1030", sku)  # fmt: skip
        told = queries.answer("orders_with_product", {"sku": sku}, visit("C1030")).text
        assert set(re.findall(r"QM\d{10}", told)) == {order for (order,) in own}
        assert own or told.startswith("没有")


@pytest.mark.parametrize("customer", [f"C10{n:02}" for n in range(1, 65)])
def test_a_level_fits_what_was_spent(db: Path, customer: str) -> None:
    """Who spent enough in a year has the level: what is missing for the next one is never negative."""
    ((level, spent),) = sql(
        db,
        "SELECT level, (SELECT coalesce(sum(total), 0) FROM orders o WHERE o.customer_id = c.customer_id "
        "AND status = 'delivered') FROM customers c WHERE customer_id = ?",
        customer,
    )
    assert spent < {"basic": 1000, "silver": 5000, "gold": float("inf")}[level]
