"""Products by name, alias, typo and pinyin, with their place in the text."""

from __future__ import annotations

import pytest

from serving.dialogue.linking import Linker


@pytest.mark.parametrize(
    ("text", "evidence", "sku"),
    [
        ("三个云朵羽绒枕加一条小栖羊羔绒毯", "云朵羽绒枕", "BD-101"),
        ("a memmory  foam pillow", "memmory  foam pillow", "BD-104"),
        ("羽荣枕能退吗", "羽荣枕", "BD-101"),
        ("我的yu rong zhen呢", "yu rong zhen", "BD-101"),
    ],
)
def test_the_span_is_what_the_customer_wrote(linker: Linker, text: str, evidence: str, sku: str) -> None:
    found = linker.link_products(text)[0]
    assert (found.sku, found.evidence, text[found.start : found.end]) == (sku, evidence, evidence)


def test_mended_and_pointed_mentions_are_marked(linker: Linker) -> None:
    assert linker.link_products("羽绒枕")[0].exact
    assert not linker.link_products("恒温电水壸")[0].exact
    assert not linker.link_products("那个能机洗吗", ["BD-101"])[0].exact


def test_a_word_that_differs_by_one_letter_is_no_typo(linker: Linker) -> None:
    for text in ("the tower", "settle it", "which places", "click here", "first class"):
        assert linker.link_products(text) == [], text


def test_long_text_of_anything_is_read_with_bounded_work(linker: Linker) -> None:
    """Counts links, not seconds: what is repeated a thousand times is read a hundred times."""
    assert len(linker.link_products("空气炸" * 700)) <= 200


def test_lone_surrogates_and_zero_width_only_are_harmless(linker: Linker) -> None:
    for text in ("\ud800", "\u200b\u200b", "枕头\ud800", ""):
        assert linker.normalise(text, list) == text
        assert bool(linker.link_products(text)) == ("枕头" in text)


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("买的羽绒枕，拆开发现是个羊毛毯", {"BD-101"}),
        ("I ordered the down pillow, there was a wool throw in the box", {"BD-101"}),
        ("收到的羊毛毯掉毛", {"BD-102"}),
        ("I received the wool throw yesterday", {"BD-102"}),
    ],
)
def test_what_came_in_place_of_an_order_is_not_what_was_ordered(linker: Linker, text: str, skus: set[str]) -> None:
    assert {link.sku for link in linker.link_products(text)} == skus


@pytest.mark.parametrize(
    ("text", "skus", "found"),
    [
        ("这个杯子能榨冰块吗", ["KA-206"], {"KA-206"}),
        ("那杯子能进洗碗机吗", ["KA-206", "CW-301"], {"KA-206"}),
        ("这口锅能用电磁炉吗", ["KA-206", "CW-301"], {"CW-301"}),
        ("这口锅能用电磁炉吗", ["CW-301", "CW-304"], set()),  # two of them
        ("这杯咖啡洒了", ["KA-206"], set()),  # a cup of something
        ("does the cup take ice", ["KA-206"], {"KA-206"}),
    ],
)
def test_the_head_of_a_name_points_at_what_was_spoken_of(
    linker: Linker, text: str, skus: list[str], found: set[str]
) -> None:
    assert {link.sku for link in linker.link_head(text, skus)} == found
