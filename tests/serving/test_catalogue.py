"""Recommendations and comparisons on the demo's real shop: only what the rows and the catalogue say."""

from __future__ import annotations

import csv
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path

import pytest

from kefu.paths import ROOT
from kefu.shop.catalogue import Catalogue
from kefu.shop.part import Lang, PackError
from kefu.shop.slots import language
from serving.dialogue.catalogue.advisor import ProductAdvisor
from serving.dialogue.catalogue.budget import read_budget
from serving.dialogue.catalogue.constraints import Constraints
from serving.dialogue.flow import Visit
from serving.dialogue.queries import Answer
from serving.tools.shop_db import ToolBox
from tests.fixtures.cost import cost
from tests.fixtures.demo_pack import PACK

NOW = PACK.shop.demo_now or ""
with (ROOT / "shop/db/products.csv").open(encoding="utf8", newline="") as file:
    PRODUCTS = {row["sku"]: row for row in csv.DictReader(file)}
DETAILS = dict.fromkeys(PRODUCTS, "")
with (ROOT / "shop/db/product_details.csv").open(encoding="utf8", newline="") as file:
    for line in csv.DictReader(file):
        DETAILS[line["sku"]] += f"{line['details_zh']}\n{line['details_en']}\n"


@pytest.fixture(scope="module")
def advisor(db: Path) -> ProductAdvisor:
    return ProductAdvisor(PACK, ToolBox(PACK, db))


def visit(lang: Lang = "zh") -> Visit:
    return Visit(None, {}, lang, NOW)


def skus(answer: Answer) -> list[str]:
    return [source.removeprefix("product:") for source in answer.sources]


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("预算两百以内", (None, 200)),
        ("200元以下的", (None, 200)),
        ("不超过150块", (None, 150)),
        ("预算大概三百", (150, 360)),
        ("under 200", (None, 200)),
        ("my budget is ¥250", (None, 250)),
        ("no more than 99 yuan", (None, 99)),
        ("less than two hundred", (None, 200)),
        ("100到300", (100, 300)),
        ("一百到三百之间", (100, 300)),
        ("100-300元的", (100, 300)),
        ("between 100 and 300 yuan", (100, 300)),
        ("两三百的", (200, 300)),
        ("两百多的", (200, 300)),
        ("一百左右", (50, 120)),
        ("around 200", (100, 240)),
        ("500以上的", (500, None)),
        ("over 300 yuan", (300, None)),
        ("１５０以内", (None, 150)),
        ("三个以内", (None, None)),
        ("under 300 ml", (None, None)),
        ("1.5到1.8米的床", (None, None)),
        ("7天以内能退吗", (None, None)),
        ("48×74厘米", (None, None)),
        ("买2到3个", (None, None)),
        ("11月9日到12日", (None, None)),
        ("", (None, None)),
    ],
)
def test_budgets(advisor: ProductAdvisor, text: str, budget: tuple[int | None, int | None]) -> None:
    read = advisor.reader.read(text)
    assert (read.least, read.most) == budget


@pytest.mark.parametrize(
    ("text", "kinds", "features"),
    [
        ("推荐一个侧睡的枕头", {"pillow"}, {"side_sleeping"}),
        ("颈椎不好，买哪个枕头", {"pillow"}, {"neck"}),
        ("a machine washable throw", {"throw"}, {"machine_washable"}),
        ("能进洗碗机的杯子", {"cup"}, {"dishwasher"}),
        ("is there a dishwasher safe bowl?", {"bowls"}, {"dishwasher"}),
        ("电磁炉能用的不粘锅", {"pot"}, {"induction", "non_stick"}),
        ("空气炸锅推荐", {"air_fryer"}, set()),
        ("床上用品里的毯子", {"throw"}, set()),
        ("有什么床上用品", {"bedding"}, set()),
        ("羊毛的毯子", {"throw"}, {"wool"}),
        ("送妈妈的礼物", set(), {"gift", "gift_parents"}),
        ("something quiet", set(), {"quiet"}),
        ("a warm mist humidifier", {"humidifier"}, set()),
        ("便携榨汁杯", {"blender"}, {"travel"}),
        ("今天天气不错", set(), set()),
    ],
)
def test_kinds_and_features(advisor: ProductAdvisor, text: str, kinds: set[str], features: set[str]) -> None:
    read = advisor.reader.read(text)
    assert (set(read.kinds), set(read.features)) == (kinds, features)


@pytest.mark.parametrize(
    "text",
    [
        "不要羽绒的枕头",
        "有没有不带羽绒的枕头",
        "我对羽毛过敏，有别的枕头吗",
        "a pillow without duck down",
        "I am allergic to feathers, which pillow?",
        "a feather-free pillow",
        "除了羽绒的还有什么枕头",
    ],
)
def test_what_is_not_wanted_is_not_offered(advisor: ProductAdvisor, text: str) -> None:
    read = advisor.reader.read(text)
    assert read.without == ("down",) and not read.features
    assert skus(advisor.recommend(read, visit())) == ["BD-104"]


@pytest.mark.parametrize("text", ["有没有羽绒枕", "do you have a feather pillow", "要羽绒的"])
def test_a_feature_that_is_asked_for_is_wanted(advisor: ProductAdvisor, text: str) -> None:
    assert "down" in advisor.reader.read(text).features


def test_what_was_said_before_still_holds(advisor: ProductAdvisor) -> None:
    first = advisor.reader.read("想买个枕头，侧睡")
    later = advisor.reader.read("预算两百以内").after(first)
    assert (later.kinds, later.features, later.most) == (("pillow",), ("side_sleeping",), 200)
    assert advisor.reader.read("三百以内也行").after(later).most == 300
    assert advisor.reader.read("毯子呢").after(later).kinds == ("throw",)


@pytest.mark.parametrize("most", [None, 100, 200])
@pytest.mark.parametrize("kind", [None, "pillow", "throw", "pot", "cup", "bedding", "clock"])
def test_only_what_fits_is_recommended(advisor: ProductAdvisor, db: Path, kind: str | None, most: int | None) -> None:
    """Against an oracle over all kinds, features and budgets: cheapest first, in stock, at most three."""
    with closing(sqlite3.connect(db)) as shop:
        rows = {sku: (price, stock) for sku, price, stock in shop.execute("SELECT sku, price, stock FROM products")}
    for feature in (None, *PACK.catalogue.features):
        if not (kind or feature) or (feature and PACK.catalogue.features[feature].open):
            continue
        wanted = Constraints(most=most, kinds=(kind,) if kind else (), features=(feature,) if feature else ())
        fits = [
            sku
            for sku, product in PACK.catalogue.products.items()
            if (kind is None or kind in product.kinds)
            and (feature is None or feature in product.features)
            and (most is None or rows[sku][0] <= most)
        ]
        fits = [sku for sku in fits if rows[sku][1] > 0] or fits
        fits = sorted(fits, key=lambda sku: (rows[sku][0], sku))[:3]
        answer = advisor.recommend(wanted, visit())
        assert answer.found == bool(fits), wanted
        if kind == "bedding" and not (feature or most):  # a wide kind: of each narrow one, a usual price
            narrow = [PACK.catalogue.products[sku].kinds[0] for sku in skus(answer)]
            assert len(narrow) == len(set(narrow)) == 3
        elif fits:
            assert skus(answer) == fits, wanted
            assert "不符合" not in answer.text
        else:
            assert "没有" in answer.text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_reason_is_a_fact(advisor: ProductAdvisor, lang: Lang) -> None:
    for feature in (name for name, feature in PACK.catalogue.features.items() if not feature.open):
        answer = advisor.recommend(Constraints(features=(feature,)), visit(lang))
        lines = [line for line in answer.text.split("\n") if line[:1].isdigit()]
        for sku, line in zip(skus(answer), lines, strict=True):
            row, words = PRODUCTS[sku], PACK.catalogue.products[sku].features[feature].in_(lang)
            assert row[f"name_{lang}"] in line and f"{float(row['price']):.2f}" in line
            assert row[f"spec_{lang}"] in line and (words in line)


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("一百以内的礼物", 100),
        ("a present under 60", 60),
        ("想送朋友，预算80", 80),
        ("a gift for my mother, max 150", 150),
    ],
)
def test_a_gift_may_be_anything_in_the_budget_but_what_is_used_up(
    advisor: ProductAdvisor, text: str, most: int
) -> None:
    answer = advisor.recommend(advisor.reader.read(text), visit(language(text)))
    assert answer.found and len(skus(answer)) == 3
    assert all(float(PRODUCTS[sku]["price"]) <= most and int(PRODUCTS[sku]["stock"]) > 0 for sku in skus(answer))
    assert not {"ST-503"} & set(skus(answer))
    kinds = [PACK.catalogue.products[sku].kinds[0] for sku in skus(answer)]
    assert len(set(kinds)) == 3


def test_what_the_shop_names_for_a_gift_comes_first(advisor: ProductAdvisor) -> None:
    answer = advisor.recommend(advisor.reader.read("乔迁送礼"), visit())
    assert skus(answer)[0] == "TW-401" and "乔迁推荐釉色餐盘" in answer.text


def test_what_was_refused_is_not_shown_again(advisor: ProductAdvisor) -> None:
    wanted = advisor.reader.read("一百以内的礼物")
    first = skus(advisor.recommend(wanted, visit()))
    more = advisor.reader.read("80以内的").after(replace(wanted, refused=tuple(first)))
    assert more.most == 80 and not set(first) & set(skus(advisor.recommend(more, visit())))


def test_what_is_nearest_is_in_the_budget_where_anything_is(advisor: ProductAdvisor) -> None:
    answer = advisor.recommend(advisor.reader.read("两百以内、可预约的电水壶，要玻璃的"), visit())
    assert not answer.found and skus(answer) == ["KA-201"]


def test_a_comparison_answers_all_aspects(advisor: ProductAdvisor) -> None:
    answer = advisor.compare(("BD-102", "BD-105"), "warmth", visit(), "哪个更保暖，哪个好打理")
    assert "没有写" in answer.text and "松间羊毛毯：只可干洗" in answer.text
    assert "暖阳法兰绒四件套：可机洗" in answer.text


def test_of_many_products_those_are_compared_that_suit(advisor: ProductAdvisor) -> None:
    answer = advisor.compare(("CW-303", "CW-305", "CW-302"), None, visit("en"), "which would you take for induction?")
    assert set(skus(answer)) == {"CW-302", "CW-303"}  # the clay pot is for open flames alone


def test_a_sentence_that_ends_after_the_budget_has_one(advisor: ProductAdvisor) -> None:
    read = advisor.reader.read("A gift for a friend. Budget around 200. Any ideas?")
    assert (read.least, read.most) == (100, 240)
    assert advisor.reader.read("about 1.5 litres").most is None


def test_nothing_fits_is_said_with_the_nearest_and_why_not(advisor: ProductAdvisor) -> None:
    read = advisor.reader.read("五百以内的蚕丝被")
    answer = advisor.recommend(read, visit())
    assert not answer.found and skus(answer) == ["BD-106"]
    assert answer.text.startswith("没有") and "899.00" in answer.text and "不符合：500 元以内" in answer.text


def test_out_of_stock_is_said_with_its_day(advisor: ProductAdvisor) -> None:
    answer = advisor.recommend(advisor.reader.read("挂钟"), visit())
    assert skus(answer) == ["HD-606"] and "缺货" in answer.text and "11月28日" in answer.text
    wanted = advisor.recommend(advisor.reader.read("有现货的挂钟"), visit())
    assert not wanted.found and "不符合：有现货" in wanted.text


@pytest.mark.parametrize("text", ["推荐一下", "预算两百以内", "有现货的"])
def test_too_little_is_asked_back(advisor: ProductAdvisor, text: str) -> None:
    answer = advisor.recommend(advisor.reader.read(text), visit())
    assert answer.missing == "product" and not answer.found and answer.text.endswith("？")


@pytest.mark.parametrize(
    ("text", "aspect"),
    [
        ("哪个更轻", "weight"),
        ("哪个轻一点？", "weight"),
        ("which one is lighter", "weight"),
        ("哪个便宜", "price"),
        ("which is cheaper?", "price"),
        ("哪个更大", "size"),
        ("哪个容量大", "capacity"),
        ("哪个能机洗", "washing"),
        ("which is machine washable", "washing"),
        ("材质有什么不同", "material"),
        ("哪个更高", "height"),
        ("哪个保修长", "warranty"),
        ("哪个安静", "noise"),
        ("哪个好", None),
        ("轻眠蚕丝被怎么样", None),
    ],
)
def test_aspects(advisor: ProductAdvisor, text: str, aspect: str | None) -> None:
    assert advisor.reader.read_aspect(text) == aspect


def test_every_pair_is_compared_by_its_price(advisor: ProductAdvisor) -> None:
    for one, other in combinations(list(PRODUCTS)[::3], 2):
        text = advisor.compare([one, other], "price", visit()).text
        low, high = sorted((one, other), key=lambda sku: float(PRODUCTS[sku]["price"]))
        difference = float(PRODUCTS[high]["price"]) - float(PRODUCTS[low]["price"])
        if difference:
            assert f"{PRODUCTS[low]['name_zh']}便宜 {difference:.2f} 元，{PRODUCTS[high]['name_zh']}更贵" in text
        else:
            assert "价格一样" in text


def test_what_the_facts_do_not_tell_is_said(advisor: ProductAdvisor) -> None:
    for one, other in combinations(list(PRODUCTS)[::3], 2):
        answer = advisor.compare([one, other], "weight", visit())
        weighed = [sku for sku in (one, other) if "weight" in PACK.catalogue.products[sku].facts]
        assert answer.found == (len(weighed) == 2)
        assert ("没法比较" in answer.text) == (len(weighed) < 2)
        assert "更轻" not in answer.text or len(weighed) == 2


def test_sizes_of_different_kinds_are_not_measured_against_each_other(advisor: ProductAdvisor) -> None:
    throws = advisor.compare(["BD-102", "BD-107"], "size", visit()).text
    assert throws.endswith("小栖羊羔绒毯更小，松间羊毛毯更大。")
    pot_and_towel = advisor.compare(["CW-301", "BA-701"], "size", visit()).text
    assert "更大" not in pot_and_towel and "24 厘米" in pot_and_towel and "70×140 厘米" in pot_and_towel


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("aspect", [None, *PACK.catalogue.aspects])
def test_a_comparison_says_nothing_but_facts(advisor: ProductAdvisor, aspect: str | None, lang: Lang) -> None:
    """Every number of every answer stands in a row or a fact of one of the products, or is their difference."""
    for trio in combinations(list(PRODUCTS)[::8], 3):
        answer = advisor.compare(trio, aspect, visit(lang))
        rows = [PRODUCTS[sku] for sku in trio]
        prices = [float(row["price"]) for row in rows]
        known = " ".join(value for row in rows for value in (*row.values(), DETAILS[row["sku"]]))
        for number in re.findall(r"(?<![\d-])\d+(?:\.\d+)?", re.sub(r"(?m)^\d\. ", "", answer.text)):
            is_date = any(f"-{int(float(number)):02}" in row["restock_on"] for row in rows)
            is_difference = float(number) == max(prices) - min(prices)
            assert number in known or f"{float(number):g}" in known or is_difference or is_date, answer.text


@pytest.mark.parametrize("wanted", [[], ["BD-101"], ["BD-101", "BD-101"], ["BD-101", "XX-1"]])
def test_one_product_cannot_be_compared(advisor: ProductAdvisor, wanted: list[str]) -> None:
    assert advisor.compare(wanted, None, visit()).missing == "product"


def test_a_pack_without_a_catalogue_says_so(db: Path) -> None:
    pack = PACK.model_copy(update={"catalogue": Catalogue()})
    advisor = ProductAdvisor(pack, ToolBox(pack, db))
    assert advisor.reader.read("枕头，两百以内") == Constraints(most=200)
    with pytest.raises(PackError, match="no catalogue"):
        advisor.recommend(Constraints(most=200), visit())


@pytest.mark.parametrize(
    ("text", "measures"),
    [
        ("有没有更大的加湿器", {"capacity": True, "size": True}),
        ("记忆枕有没有矮一点的", {"height": False}),
        ("is there a lighter one", {"weight": False}),
        ("do you have a thicker throw", {"thickness": True}),
        ("哪个更轻", {}),
        ("which is lighter", {}),
    ],
)
def test_more_or_less_is_wanted_than_a_product_has(
    advisor: ProductAdvisor, text: str, measures: dict[str, bool]
) -> None:
    assert dict(advisor.reader.read_measures(text)) == measures


def test_what_is_lighter_is_of_the_kind_and_lighter(advisor: ProductAdvisor) -> None:
    answer = advisor.measured(["BD-102"], [("weight", False)], (), visit("en"))
    assert skus(answer) == ["BD-107", "BD-108"]  # what is out of stock comes last
    assert answer.text.startswith("Lighter than the Pinewood wool throw:")


def test_none_of_the_kind_is_an_answer(advisor: ProductAdvisor) -> None:
    only = advisor.measured(["KA-207"], [("capacity", True)], (), visit())
    assert "唯一" in only.text and skus(only) == ["KA-207"]
    most = advisor.measured(["TW-402"], [("capacity", True)], (), visit("en"))
    assert "nothing that is certainly larger inside than the Handmade mug" in most.text


def test_without_a_number_the_others_of_the_kind_are_shown(advisor: ProductAdvisor) -> None:
    """No claim that they have more: a set of boxes has no single capacity."""
    answer = advisor.measured(["ST-502"], [("capacity", False)], (), visit("en"))
    assert "ST-501" in skus(answer) and "than" not in answer.text


def test_a_long_message_is_read_quickly(advisor: ProductAdvisor) -> None:
    text = ("一二三四五六七八九十百到至" * 160)[:2000]
    for message in (text, "不要" * 1000, "100到" * 500, "a pillow under " * 130):
        assert cost(partial(advisor.reader.read, message)) < 100, message[:20]


def test_budget_of_nothing() -> None:
    assert read_budget("零以内") == (None, None)


@pytest.mark.parametrize("pasted", ["1234567890" * 200, "一" * 2000, "1," * 1000])
def test_a_run_of_digits_longer_than_any_amount_is_none(pasted: str) -> None:
    assert read_budget(f"预算{pasted}") == (None, None)
    assert read_budget(f"{pasted} 预算     九千九百九十九万九千九百九十九") == (None, 99_999_999)


@pytest.mark.parametrize("text", ["有啥40块左右的", "what have you got for around 40 yuan"])
def test_a_price_alone_names_articles_of_about_that_price(advisor: ProductAdvisor, text: str) -> None:
    answer = advisor.recommend(advisor.reader.read(text), visit(language(text)))
    assert answer.found and skus(answer)[0] == "TW-404"  # the double-wall glass, 39 yuan
