"""From a message to the words with the sum, against sums worked out by hand."""

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from tests.pricing.conftest import coupon
from tests.pricing.marked import read_marked

ROWS = yaml.safe_load((Path(__file__).parent / "hand.yaml").read_text(encoding="utf8"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["ask"])
def test_a_message_gets_the_sum_worked_out_by_hand(pricing, row):
    text, mentions = read_marked(row["ask"])
    assert pricing.is_sum_question(text, mentions) or len(mentions) == 1
    basket = pricing.read_basket(text, mentions)
    held = [coupon(*map(str, entry)) for entry in row.get("coupons", [])]
    quote = pricing.quote(basket, row["day"], row.get("level"), held, row.get("points", 0))
    assert quote.total == Decimal(row["total"])
    answer = pricing.say_quote(quote, row["lang"], coupons=pricing.questions.names_coupon(text))
    for words in row["says"]:
        assert words in answer


def test_both_languages_have_their_share_of_the_sums():
    assert len(ROWS) >= 30
    assert min(sum(row["lang"] == lang for row in ROWS) for lang in ("zh", "en")) >= 13
