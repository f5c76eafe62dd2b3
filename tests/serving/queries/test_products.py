"""What queries tell of products, delivery and promotions: every figure equals an oracle's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kefu.shop.part import Lang, Text
from kefu.shop.queries import Query
from serving.dialogue.expressions import render
from serving.dialogue.queries import Queries, QueryError
from serving.tools.shop_db import ToolBox
from tests.serving.queries.shop import LANGS, NOW, PACK, date_of, sql, visit


@pytest.mark.parametrize("lang", LANGS)
def test_every_product_is_told_as_the_database_has_it(queries: Queries, db: Path, lang: Lang) -> None:
    facts = "sku, price, stock, restock_on, warranty_months, spec_zh, spec_en, name_zh, name_en"
    lines = dict(sql(db, f"SELECT sku, group_concat(details_{lang}, '\n') FROM product_details GROUP BY sku"))
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
            if re.search("没有写|gives no|says nothing", told[query]):
                continue
            said = re.split("：|: ", told[query], maxsplit=1)[1].rstrip("。.")
            said = re.sub(
                r" ?[（(](?:容量；|capacity;)[^）)]*[）)]", "", said
            )  # what the number is, and what is not told
            parts = said.split("，" if lang == "zh" else ", ")
            assert spec in said or all(part in f"{spec}\n{lines[sku]}" for part in parts), told[query]


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
    ("text", "sku", "aspect", "said"),
    [
        ("毛巾净重多少", "BA-701", "weight", "500 克"),
        ("锅有几斤", "CW-301", "weight", "5.2 公斤"),
        ("锅有几斤", "CW-304", "weight", "没有写"),
        ("线有多长", "CW-301", "cable", "没有写"),
        ("which country is it from", "CW-301", "origin", "石家庄"),
        ("煎锅能用铁铲吗", "CW-302", "utensils", "木铲或硅胶铲"),
        ("can I use a metal spatula", "CW-306", "utensils", "可用铁铲"),
        ("能烤一整只鸡吗", "KA-205", "inside", "1.2 公斤以内的整鸡"),
        ("for how many people is it", "KA-205", "people", "2–4 人"),
        ("一箱水能用多久", "KA-207", "runtime", "20 小时"),
        ("适合多大的房间", "KA-207", "room", "15 至 30 平方米"),
        ("does it switch itself off", "KA-201", "auto_off", "自动断电"),
        ("夏天能盖吗", "BD-108", "season", "春夏"),
        ("要自己拧螺丝吗", "ST-504", "assembly", "15 分钟"),
        ("能定时吗", "KA-203", "timer", "没有定时"),
    ],
)
def test_an_aspect_is_told_or_said_to_be_missing(queries: Queries, text: str, sku: str, aspect: str, said: str) -> None:
    assert [match.name for match in queries.named_by_aspect(text)] == ["product_fact"]
    slots = queries.told("product_fact", text, "zh")
    assert slots == {"aspect": aspect}
    answer = queries.answer("product_fact", {"sku": sku, **slots}, visit(None, "zh"))
    assert said in answer.text and PACK.catalogue.aspects[aspect].title.zh in answer.text


def test_aspects_asked_together_are_one_answer_and_the_page_is_silent_once(queries: Queries) -> None:
    slots = {"sku": "BD-104", "aspect": ["lifetime", "room", "firmness"]}
    answer = queries.answer("product_fact", slots, visit(None, "en"))
    assert answer.text.count("says nothing about lifetime or room size") == 1 and "support" in answer.text


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


def test_what_reaches_the_minimum_of_a_coupon_alone_needs_nothing_beside_it(queries: Queries) -> None:
    told = queries.answer("coupon_ideas", {"sku": "HD-602"}, visit("C1002", "en")).text  # 149, of 199
    assert "149.00 + " in told and "alone" not in told
    told = queries.answer("coupon_ideas", {"sku": "ST-504"}, visit("C1002", "en")).text  # 329
    assert "Entrance shoe bench at 329.00 yuan reaches it alone, with the coupon 309.00 yuan" in told
    assert " + " not in told


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
