"""Queries on the demo's real shop: every figure equals an oracle's SQL, nobody sees what is not his."""

from __future__ import annotations

import re
import sqlite3
import time
from calendar import month_name
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kefu.paths import ROOT
from kefu.shop.pack import load_pack
from kefu.shop.part import Lang, Text
from kefu.shop.queries import Query
from serving.dialogue.expressions import render
from serving.dialogue.flow import Visit
from serving.dialogue.queries import Answer, Queries, QueryError
from serving.tools.demo_database import build
from serving.tools.shop_db import ToolBox

PACK = load_pack(ROOT / "shop")
NOW = PACK.shop.demo_now or ""
CUSTOMERS = ("C1001", "C1002", "C1003", "C1004")
LANGS: tuple[Lang, ...] = ("zh", "en")
PRIVATE = [n for n, q in PACK.queries.items() if q.tool and not PACK.tools[q.tool].public]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    build(ROOT / "shop", path)
    return path


@pytest.fixture(scope="module")
def queries(db: Path) -> Queries:
    return Queries(PACK, ToolBox(PACK, db))


def visit(customer: str | None = "C1001", lang: Lang = "zh", now: str = NOW, **vault: str) -> Visit:
    return Visit(customer, {f"[{key}]": value for key, value in vault.items()}, lang, now)


def sql(db: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(db)) as shop:
        return shop.execute(statement, values).fetchall()


def lines(answer: Answer) -> list[str]:
    """The rows of an answer: its numbered lines, or all of it."""
    return [line for line in answer.text.split("\n") if re.match(r"\d+\. ", line)] or [answer.text]


def date_of(iso: str, lang: Lang) -> str:
    year, month, day = (int(part) for part in iso[:10].split("-"))
    if lang == "zh":
        return ("" if year == 2026 else f"{year}年") + f"{month}月{day}日"
    return f"{day} {month_name[month]}" + ("" if year == 2026 else f" {year}")


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


@pytest.mark.parametrize("lang", LANGS)
def test_every_product_is_told_as_the_database_has_it(queries: Queries, db: Path, lang: Lang) -> None:
    facts = "sku, price, stock, restock_on, warranty_months, spec_zh, spec_en, name_zh, name_en"
    for sku, price, stock, restock, months, *texts in sql(db, f"SELECT {facts} FROM products"):
        spec, name = texts[LANGS.index(lang)], texts[2 + LANGS.index(lang)]
        told = {
            n: queries.answer(n, {"sku": sku}, visit(None, lang)).text
            for n, query in PACK.queries.items()
            if query.needs == "product" and not queries.needs_customer(n)
        }
        assert all(name in text for text in told.values())
        assert f"{price:.2f}" in told["product_price"] and spec in told["product_spec"]
        assert (str(stock) if stock else date_of(restock, lang)) in told["product_stock"]
        assert (f" {months} " if months else "没有保修期" if lang == "zh" else "no warranty") in told[
            "product_warranty"
        ]
        for query in ("product_size", "product_material", "product_washing"):
            said = re.split("：|: ", told[query], maxsplit=1)[1].rstrip("。.")
            said = re.sub(
                r" ?[（(](?:容量；|capacity;)[^）)]*[）)]", "", said
            )  # what the number is, and what is not told
            parts = said.split("，" if lang == "zh" else ", ")
            assert spec in said or all(part in spec for part in parts), told[query]


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ({"spend": "139"}, ["139.00 元满了 99 元", "不收运费"]),
        ({"spend": "60"}, ["收 8 元运费", "一共 68.00 元"]),
        ({"spend": "150", "delivery_region": "remote"}, ["还不满 199 元", "收 15 元运费", "一共 165.00 元"]),
        ({"spend": "200", "delivery_region": "remote"}, ["满了 199 元", "不收运费"]),
        ({"sku": "TW-402"}, ["手作马克杯 59.00 元", "一共 67.00 元"]),
        ({"delivery_region": "remote"}, ["满 199 元包邮", "15 元"]),
    ],
)
def test_the_delivery_fee_is_that_of_the_sum_and_the_region(
    queries: Queries, slots: dict[str, str], said: list[str]
) -> None:
    text = queries.answer("shipping_cost", slots, visit(None, "zh")).text
    assert all(part in text for part in said), text


def test_the_delivery_fee_follows_the_rule_of_the_promotions(queries: Queries) -> None:
    rule = next(p.rule for p in PACK.promotions if p.id == "shipping_fee")
    assert rule and rule.kind == "shipping"
    for region, free_from, fee in (
        ("other", rule.free_from, rule.fee),
        ("remote", rule.remote_free_from, rule.remote_fee),
    ):
        told = {
            spend: queries.answer("shipping_cost", {"spend": str(spend), "delivery_region": region}, visit(None)).text
            for spend in (free_from - 1, free_from)
        }
        assert f"收 {fee} 元运费" in told[free_from - 1] and "不收运费" in told[free_from]


@pytest.mark.parametrize(
    ("now", "region", "first", "last"),
    [
        ("2026-11-16T15:59:00+08:00", "near", "11月17日", "11月18日"),
        ("2026-11-16T16:00:00+08:00", "near", "11月18日", "11月19日"),
        ("2026-11-16T10:00:00+08:00", "other", "11月18日", "11月20日"),
        ("2026-11-28T10:00:00+08:00", "remote", "12月3日", "12月5日"),
    ],
)
def test_the_days_of_delivery_count_from_the_day_of_dispatch(
    queries: Queries, now: str, region: str, first: str, last: str
) -> None:
    text = queries.answer("delivery_days", {"delivery_region": region}, visit(None, "zh", now)).text
    assert f"{first}至{last}" in text


def test_a_query_that_reads_a_case_is_not_asked_without_one(queries: Queries) -> None:
    assert [match.name for match in queries.named("寄到昆明几天能到", "zh")] == ["delivery_days"]
    assert queries.named("快递一般几天能到", "zh") == []
    assert [match.name for match in queries.named("买一百二十块的东西邮费多少", "zh")] == ["shipping_cost"]
    assert queries.named("为什么收了我8块运费", "zh") == []
    assert queries.named("两单一块儿发能省运费吗", "zh") == []


@pytest.mark.parametrize(
    ("text", "aspect", "said"),
    [
        ("毛巾净重多少", "weight", "500 克"),
        ("锅有几斤", "weight", "没有写"),
        ("线有多长", "cable", "没有写"),
        ("which country is it from", "origin", "没有写"),
    ],
)
def test_an_aspect_is_told_or_said_to_be_missing(queries: Queries, text: str, aspect: str, said: str) -> None:
    assert [match.name for match in queries.named_by_aspect(text)] == ["product_fact"]
    slots = queries.told("product_fact", text, "zh")
    assert slots == {"aspect": aspect}
    sku = "BA-701" if "毛巾" in text else "CW-301"
    answer = queries.answer("product_fact", {"sku": sku, **slots}, visit(None, "zh"))
    assert said in answer.text and PACK.catalogue.aspects[aspect].title.zh in answer.text


@pytest.mark.parametrize(
    ("now", "running"),
    [("2026-11-10T10:00:00+08:00", {"double11", "kettle_gift"}), ("2026-11-30T23:59:59+08:00", {"winter"})],
)
def test_promotions_are_those_of_the_day(queries: Queries, now: str, running: set[str]) -> None:
    answer = queries.answer("promotions_now", {}, visit(None, now=now))
    assert {f"promotion:{promotion}" for promotion in running} <= set(answer.sources)
    told = [s.removeprefix("promotion:") for s in answer.sources if s.startswith("promotion:")]
    assert told == [p.id for p in PACK.promotions if p.starts <= now[:10] <= p.ends][:3]  # the rest is a rule, no offer


def test_a_day_without_promotions_says_so(queries: Queries) -> None:
    answer = queries.answer("promotions_now", {}, visit(None, now="2031-01-01T10:00:00+08:00"))
    assert not answer.found and "没有" in answer.text


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


def test_a_missing_product_is_asked_for(queries: Queries) -> None:
    answer = queries.answer("product_price", {}, visit(None, "en"))
    assert answer.missing == "product" and answer.text == "Which product do you mean?"


def test_several_products_are_answered_one_after_the_other(queries: Queries) -> None:
    answer = queries.answer("product_price", {"sku": ["BD-101", "BD-104", "BD-101"]}, visit(None))
    assert answer.text == "云朵羽绒枕现价 119.00 元。\n栖眠记忆枕现价 159.00 元。"
    assert {"product:BD-101", "product:BD-104", "query:product_price"} <= set(answer.sources)
    assert len(answer.facts) == 2 and "price: 119.0" in answer.facts[0]


def test_an_unknown_product_is_said(queries: Queries) -> None:
    assert not queries.answer("product_price", {"sku": "XX-1"}, visit(None)).found


@pytest.mark.parametrize("name", list(PACK.queries))
def test_every_text_renders_for_everybody(queries: Queries, db: Path, name: str) -> None:
    """All customers, all orders and all products: no text of the pack stumbles over a missing value."""
    query = PACK.queries[name]
    for lang in LANGS:
        if query.needs == "none":
            for (customer,) in sql(db, "SELECT customer_id FROM customers"):
                assert queries.answer(name, {}, visit(customer, lang)).text
        elif query.needs == "order":
            for order, customer in sql(db, "SELECT order_id, customer_id FROM orders"):
                text = queries.answer(name, {"order_number": order}, visit(customer, lang)).text
                assert order in text and "None" not in text and "  " not in text


# Wordings that are not examples of the pack. They decide nothing alone: the index finds what words leave out.
ASKED = {
    "my_points": ["我有多少木豆", "我的积分还剩多少啊", "how many points do i have?", "账户里还有几个木豆"],
    "my_coupons": ["我有哪些优惠券", "我现在有什么券能用", "When does my coupon expire?", "do I still have a voucher"],
    "my_orders": ["帮我列一下所有订单", "show me my recent orders", "我忘了订单号", "I can't find my order number"],
    "my_level": ["我是金卡会员吗", "查下我的会员等级", "what's my membership level", "am I a silver member"],
    "order_contents": ["[ORDER_1]里都有什么", "what is in [ORDER_1]?", "看下订单明细"],
    "order_total": ["这单多少钱", "[ORDER_1]一共付了多少", "how much was my order"],
    "order_dates": ["我是哪天下的单", "when did I place this order?", "这个什么时候签收的"],
    "promotions_now": ["现在有什么活动", "any promotions at the moment?", "最近有活动吗"],
}
NOT_ASKED = [
    "木豆怎么用", "积分会过期吗", "评价了没给积分", "优惠券为什么用不了", "新人有优惠券吗", "会员有什么优惠",
    "怎么升级金卡", "满减和优惠券能叠加吗", "我要退货", "查物流", "订单什么时候发货", "这单能退多少钱", "取消订单",
    "你好", "我的快递到哪了",
    "how do I earn points", "do points expire", "why does my coupon not work", "how do I become a gold member",
    "where is my order", "cancel my order", "I want to return it", "how much is shipping", "what do members get",
    "when will my order ship", "how much do I get back for my order", "退款什么时候到账", "发票什么时候能收到",
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, some in ASKED.items() for text in some])
def test_words_name_the_query(queries: Queries, name: str, text: str) -> None:
    found = queries.named(text, "zh")
    assert [match.name for match in found] == [name]
    assert found[0].evidence.lower() in text.lower().replace("？", "?")


@pytest.mark.parametrize("text", NOT_ASKED)
def test_words_are_precise(queries: Queries, text: str) -> None:
    assert queries.named(text, "zh") == []


def test_two_queries_of_a_message_come_in_its_order(queries: Queries) -> None:
    found = queries.named("我有哪些优惠券，我还有多少木豆？", "zh")
    assert [match.name for match in found] == ["my_coupons", "my_points"]


def test_a_long_message_is_searched_quickly(queries: Queries) -> None:
    text = "我的订单里面有什么的时候会员等级券" * 120
    queries.named(text, "zh")
    started = time.process_time()
    queries.named(text[:2000], "zh")
    assert time.process_time() - started < 0.02


def test_a_text_that_fails_names_its_query(db: Path) -> None:
    broken = Query.model_validate(
        {
            "title": {"zh": "x", "en": "x"},
            "examples": {"zh": ["x"], "en": ["x"]},
            "tool": "my_account",
            "say": {"zh": "{{ row.nothing }}", "en": ""},
        }
    )
    pack = PACK.model_copy(update={"queries": {"broken": broken}})
    with pytest.raises(QueryError, match="query broken: .*nothing"):
        Queries(pack, ToolBox(pack, db)).answer("broken", {}, visit())


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ 119 | money }} {{ (0.1 + 0.2) | money }} {{ 2.675 | money }}", "119.00 0.30 2.68"),
        ("{{ '2026-11-05T10:00:00+08:00' | day }} {{ '2027-01-31' | day }}", "11月5日 2027年1月31日"),
    ],
)
def test_money_and_days_are_readable(source: str, said: str) -> None:
    assert render(source, {"lang": "zh", "now": NOW}) == said


def test_a_text_has_both_languages() -> None:
    for query in PACK.queries.values():
        for text in (query.title, query.head, query.say, query.tail, query.empty, query.ask):
            assert text is None or (isinstance(text, Text) and text.zh and text.en)


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


def test_what_to_buy_for_a_coupon_reaches_its_minimum(queries: Queries, db: Path) -> None:
    for customer, least, off in sql(
        db,
        "SELECT customer_id, min_spend, max(amount) FROM coupons WHERE used_on IS NULL AND expires_on >= ? "
        "GROUP BY customer_id",
        NOW[:10],
    ):
        told = queries.answer("coupon_ideas", {}, visit(customer, "en")).text
        sums = re.findall(r"([\d.]+) \+ .*? at ([\d.]+) = ([\d.]+) yuan, with the coupon ([\d.]+)", told)
        assert sums, customer
        for one, other, total, rest in sums:
            assert float(one) + float(other) == float(total) >= least and float(rest) == float(total) - off


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


@pytest.mark.parametrize(
    ("text", "told", "query"),
    [
        ("那截止到几点", "faq:cancel_auto", "order_payment_deadline"),
        ("until when is it valid?", "query:my_coupons", "my_coupons"),
        ("哪天过期", "sum", "my_coupons"),
        ("and for an exchange?", "query:order_return_deadline", "order_return_deadline"),
        ("几点发货", "faq:cancel_auto", None),
        ("哪天上门取件", "query:order_return_deadline", None),
        ("until when is it valid?", "", None),
        ("截止到几点", "query:my_points", None),
    ],
)
def test_a_question_without_a_subject_is_about_what_was_told(
    queries: Queries, text: str, told: str, query: str | None
) -> None:
    assert queries.follow_up(text, told) == query
