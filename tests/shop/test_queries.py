"""The records of queries and the catalogue, and what the demo's catalogue says against its specifications."""

from __future__ import annotations

import csv
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kefu.knowledge.entries import knowledge_entries, questions
from kefu.paths import ROOT
from kefu.shop.pack import Pack, load_pack
from kefu.shop.part import PackError
from kefu.text.numbers import NUMBER, read_number

SHOP = ROOT / "shop"
PACK = load_pack(SHOP)
with (SHOP / "db/products.csv").open(encoding="utf8", newline="") as file:
    PRODUCTS = {row["sku"]: row for row in csv.DictReader(file)}
PAGES = {sku: [(row["spec_zh"], row["spec_en"])] for sku, row in PRODUCTS.items()}  # lines in both languages
with (SHOP / "db/product_details.csv").open(encoding="utf8", newline="") as file:
    for row in csv.DictReader(file):
        PAGES[row["sku"]].append((row["details_zh"], row["details_en"]))


def changed(tmp_path: Path, file: str, change: Callable[[Any], object]) -> Pack:
    folder = shutil.copytree(SHOP, tmp_path / "shop")
    raw = yaml.safe_load((folder / file).read_text(encoding="utf8"))
    change(raw)
    (folder / file).write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf8")
    return load_pack(folder)


@pytest.mark.parametrize(
    ("file", "change", "named"),
    [
        ("queries.yaml", lambda raw: raw["my_points"].update(tool="nothing"), "query my_points: unknown tool nothing"),
        (
            "queries.yaml",
            lambda raw: raw["my_points"].update(tool="cancel_order"),
            "query my_points: cancel_order wants",
        ),
        ("queries.yaml", lambda raw: raw["product_price"].pop("args"), "query product_price: get_product wants"),
        ("queries.yaml", lambda raw: raw["product_price"].pop("ask"), "product_price: `needs`"),
        ("queries.yaml", lambda raw: raw["my_points"].update(words=["(?<=a)b"]), "my_points.words"),
        ("queries.yaml", lambda raw: raw["my_points"]["examples"].pop("en"), "my_points: examples: none in en"),
        ("queries.yaml", lambda raw: raw["my_points"].update(sya={}), "my_points.sya"),
        ("queries.yaml", lambda raw: raw["order_dates"].update(offer="my_points"), "offer: my_points is no query"),
        (
            "queries.yaml",
            lambda raw: raw["my_points"]["examples"]["zh"].append("木豆怎么用？"),
            "'木豆怎么用？' is asked",
        ),
        ("queries.yaml", lambda raw: raw["my_points"]["examples"]["zh"].append("我的订单"), "'我的订单' is asked"),
        ("catalogue.yaml", lambda raw: raw["products"]["BD-101"]["kinds"].append("sofa"), "unknown kind sofa"),
        (
            "catalogue.yaml",
            lambda raw: raw["products"]["BD-101"]["features"].update(x={"zh": "", "en": ""}),
            "feature x",
        ),
        ("catalogue.yaml", lambda raw: raw.update(tool="get_order"), "get_order is no public tool"),
        ("catalogue.yaml", lambda raw: raw.pop("texts"), "`tool` and `texts`"),
        ("catalogue.yaml", lambda raw: raw["aspects"]["price"].pop("say"), "aspects.price"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, file: str, change: Callable[[Any], object], named: str) -> None:
    with pytest.raises(PackError, match=re.escape(named)):
        changed(tmp_path, file, change)


def test_a_query_that_writes_is_refused(tmp_path: Path) -> None:
    def cancel(raw: Any) -> None:
        raw["order_dates"].update(tool="cancel_order", args={"order_id": "order_number", "reason": "'x'"})

    with pytest.raises(PackError, match="order_dates: cancel_order writes"):
        changed(tmp_path, "queries.yaml", cancel)


def test_a_pack_needs_neither_file(tmp_path: Path) -> None:
    folder = shutil.copytree(SHOP, tmp_path / "shop")
    (folder / "queries.yaml").unlink()
    (folder / "catalogue.yaml").unlink()
    faq = folder / "knowledge/faq.yaml"
    faq.write_text(re.sub(r"\n  (?:same_as|own_query): .*", "", faq.read_text(encoding="utf8")), encoding="utf8")
    for flow in (folder / "flows").glob("*.yaml"):  # what a question means after a case may be a query
        flow.write_text(
            re.sub(r"\nasked_(?:afterwards|meanwhile): .*", "", flow.read_text(encoding="utf8")), encoding="utf8"
        )
    pack = load_pack(folder)
    assert not pack.queries and not pack.catalogue.products
    assert {entry.kind for entry in knowledge_entries(pack)} == {"faq", "policy"}


def test_every_query_is_an_entry_with_its_examples() -> None:
    entries, asked = {entry.id: entry for entry in knowledge_entries(PACK)}, questions(PACK)
    for name, query in PACK.queries.items():
        for lang in ("zh", "en"):
            assert entries[f"query:{name}:{lang}"].kind == "query"
            assert 9 <= len(asked[f"query:{name}:{lang}"]) <= 40, name
            assert asked[f"query:{name}:{lang}"] == list(query.examples[lang])  # type: ignore[index]


def test_the_catalogue_has_every_product_and_every_tag_is_used() -> None:
    catalogue = PACK.catalogue
    assert set(catalogue.products) == set(PRODUCTS)
    assert {kind for p in catalogue.products.values() for kind in p.kinds} == set(catalogue.kinds)
    assert {feature for p in catalogue.products.values() for feature in p.features} == set(catalogue.features)
    told = {aspect for p in catalogue.products.values() for aspect in p.facts}
    names = {name for name, aspect in catalogue.aspects.items() if aspect.column is None}
    asked = {aspect for query in PACK.queries.values() for aspect in query.aspects}
    assert told <= names <= told | asked  # of what no page tells the answer is that the page does not


def test_every_fact_of_the_catalogue_quotes_a_line_of_the_page() -> None:
    """A changed specification or page in the database makes the catalogue wrong: this test says where."""
    for sku, product in PACK.catalogue.products.items():
        for aspect, fact in product.facts.items():
            assert any(fact.zh in zh and fact.en in en for zh, en in PAGES[sku]), (sku, aspect)


def test_every_page_tells_more_than_its_specification() -> None:
    assert all(6 <= len(lines) <= 30 for lines in PAGES.values())
    assert all(len(lines) == len(set(lines)) for lines in PAGES.values())


def test_every_number_of_a_fact_is_that_of_its_words() -> None:
    """Centimetres of a rectangle are its area; millilitres are litres, kilograms of a weight are grams."""
    for sku, product in PACK.catalogue.products.items():
        for aspect, fact in product.facts.items():
            if fact.value is not None:
                numbers = [float(n) for n in re.findall(r"[\d.]+", fact.en.split(" in ")[0])]
                value = math.prod(numbers) / (1000 if "ml" in fact.en else 1)
                value *= 1000 if aspect == "weight" and " kg" in fact.en else 1
                assert math.isclose(fact.value, value), (sku, aspect)


def test_every_size_by_height_stands_in_the_fact() -> None:
    for sku, product in PACK.catalogue.products.items():
        for size in product.sizes:
            fact = product.facts["fit"]
            assert all(re.search(rf"{size.least}\D+{size.most}", words) for words in (fact.zh, fact.en)), sku


def test_every_feature_quotes_the_page_the_name_or_the_faq() -> None:
    for sku, product in PACK.catalogue.products.items():
        row = PRODUCTS[sku]
        for number, lang in enumerate(("zh", "en")):
            faq = "\n".join(f.answer.in_(lang) for f in PACK.faq)
            page = "\n".join(line[number] for line in PAGES[sku])
            for name, words in product.features.items():
                said = f"{page}\n{row[f'name_{lang}']}\n{faq}"
                assert words.in_(lang) in said, (sku, name, lang)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("200", 200),
        ("２００", 200),
        ("1,299", 1299),
        ("两百", 200),
        ("一百五", 150),
        ("一百零五", 105),
        ("三千二", 3200),
        ("一万二", 12000),
        ("十二", 12),
        ("二零零", 200),
        ("two hundred", 200),
        ("a hundred", 100),
        ("twenty-five", 25),
        ("nineteen", 19),
    ],
)
def test_numbers_in_every_spelling(text: str, number: int) -> None:
    assert read_number(text) == number
    found = re.search(NUMBER, f"要{text}。") or re.search(NUMBER, f"for {text}.")
    assert found and (found[0] == text or text == "２００")


@pytest.mark.parametrize("text", ["", "很多", "ten ten", "12345678901234567890", "twenty thirty", "."])
def test_what_is_no_number(text: str) -> None:
    assert read_number(text) is None
