"""Which messages ask for a sum, and what they want rung up. When not sure, nothing is."""

from pathlib import Path

import pytest
import yaml

from serving.dialogue.pricing.quantities import find_quantities, plain
from tests.fixtures.cost import cost
from tests.pricing.marked import Mention, read_marked

WORDINGS = yaml.safe_load((Path(__file__).parent / "wordings.yaml").read_text(encoding="utf8"))


@pytest.mark.parametrize("row", WORDINGS["baskets"], ids=lambda row: row["text"])
def test_a_basket_is_what_the_message_says_or_nothing(pricing, row):
    text, mentions = read_marked(row["text"])
    basket = pricing.read_basket(text, mentions)
    assert (dict(basket) if basket else None) == row["basket"]


@pytest.mark.parametrize(
    ("text", "pieces"), [("再加一个呢", 4), ("那五个呢", 5), ("how about two?", 2), ("two more?", 5)]
)
def test_a_number_alone_changes_the_basket_before(pricing, text, pieces):
    assert pricing.read_basket(text, [], (("BD-101", 3),)) == (("BD-101", pieces),)
    assert pricing.read_basket(text, []) is None
    assert pricing.read_basket(text, [], (("BD-101", 3), ("BD-107", 1))) is None  # which of the two?


def test_another_product_is_added_to_the_basket_before(pricing):
    text, mentions = read_marked("再加一条[BD-107:羊羔绒毯]多少钱")
    assert pricing.read_basket(text, mentions, (("BD-101", 3),)) == (("BD-101", 3), ("BD-107", 1))


def test_an_alias_of_two_products_is_not_sure(pricing):
    assert pricing.read_basket("买两个枕头", [Mention("BD-101", 3, 5), Mention("BD-104", 3, 5)]) is None


@pytest.mark.parametrize("text", WORDINGS["sums"])
def test_a_question_for_a_sum_is_seen(pricing, text):
    assert pricing.is_sum_question(text)


@pytest.mark.parametrize("text", WORDINGS["not_sums"])
def test_other_sums_and_single_prices_are_left_to_others(pricing, text):
    assert not pricing.is_sum_question(text)


def test_the_price_of_two_products_is_a_sum_and_their_names_numbers_are_none(pricing):
    assert pricing.is_sum_question(*read_marked("[BD-101:羽绒枕]和[BD-102:羊毛毯]多少钱"))
    assert not pricing.is_sum_question(*read_marked("[BA-702:华夫格毛巾三条]多少钱"))


@pytest.mark.parametrize(
    "text",
    [
        "119元",
        "券15块的 买",
        "439那个还在卖不",
        "1.5米",
        "48×74",
        "满399减50",
        "15块的券",
        "50块那张优惠券",
        "20块钱",
        "20块差价",
        "85折",
        "第2个",
        "2个月",
        "3天",
        "11月16号",
        "2 weeks",
        "QM2611100011",
        "３折",
    ],
)
def test_prices_sizes_days_and_offers_are_no_pieces(text):
    assert [q for q in find_quantities(plain(text)) if q.form == "said"] == []


@pytest.mark.parametrize(
    "text", ["三" * 2000, "3" * 2000, "一个" * 1000, "x3 " * 700, "two of " * 300, " " * 2000, "\ud800" * 9]
)
def test_long_and_broken_messages_are_read_in_time(pricing, text):
    assert cost(lambda: (pricing.read_basket(text, []), pricing.is_sum_question(text))) < 200
