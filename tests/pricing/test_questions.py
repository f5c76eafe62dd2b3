"""Whether points are to be used, kept or only asked about, and which sums are to be confirmed."""

import pytest

from tests.pricing.conftest import coupon


@pytest.mark.parametrize(
    "text",
    [
        "不用积分",
        "木豆我想攒着",
        "积分先不用了",
        "别扣我积分",
        "只用券的话多少",
        "without my points please",
        "don't use my points",
        "I'd rather keep my points",
        "coupon only",
        "not the points",
    ],
)
def test_points_are_kept(pricing, text):
    assert pricing.questions.keeps_points(text)
    assert not pricing.questions.wants_points(text)


@pytest.mark.parametrize(
    "text",
    ["要不要用积分", "积分能不能用", "用积分再减多少", "木豆不用会过期吗", "can I use my points", "with my points too"],
)
def test_points_that_are_asked_about_or_used_are_not_kept(pricing, text):
    assert not pricing.questions.keeps_points(text)


@pytest.mark.parametrize("text", ["so which pots under 200 would you take?", "那200以内的吧？", "预算300，对吧"])
def test_a_limit_is_no_sum_to_confirm(pricing, text):
    assert pricing.questions.checked_amount(text) is None


def test_an_expired_coupon_is_told_only_to_who_speaks_of_coupons(pricing):
    quote = pricing.quote([("TW-402", 1)], "2026-11-16", "basic", [coupon("199", "20", "2026-11-08")])
    assert "到期" not in pricing.say_quote(quote, "zh")
    assert "到期" in pricing.say_quote(quote, "zh", coupons=True)
