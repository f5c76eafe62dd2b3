"""Words of a quote: how customers ask for a sum, and how its steps are told (``quote:`` of ``conversation.yaml``).

Texts are Jinja2 over the fields of the step, refusal or hint that they tell (``serving/dialogue/pricing/records.py``):
money without needless zeros, except ``amount``, ``off`` and ``total``, which always have two decimals.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from kefu.shop.part import Part, Phrases, Text
from kefu.shop.promotions import REDUCING_KINDS, Kind
from kefu.text.regexes import check_re2

RefusalReason = Literal["excluded", "dearer", "one_an_order", "level", "sign_in", "expired", "not_counted"]
AnswerKind = Literal[
    "right", "price_right", "wrong", "coupon_applies", "coupon_misses", "no_coupon", "no_points", "sign_in"
]
HintKind = Literal["coupon", "threshold", "quantity_discount", "stock", "shipping", "shipping_remote"]


class QuoteWords(Part):
    asks: Phrases = Field(description="regexes of RE2: a message with one of them asks for a sum")
    price_asks: Phrases = Field({}, description="the same, but only of several pieces or products: 多少钱")
    not_asks: Phrases = Field({}, description="regexes: a message with one of them asks for another sum: 退多少钱")
    points_asks: Phrases = Field({}, description="regexes: points are to be used; taken out before ``not_asks``")
    points_kept: Phrases = Field({}, description="regexes: points are not to be used: 不用积分, keep my points")
    coupon_names: Phrases = Field({}, description="regexes: coupons are spoken of, so that expired ones are told")
    coupon_asks: Phrases = Field({}, description="regexes: whether a coupon applies to a product or basket")
    coupon_follows: Phrases = Field({}, description="regexes that ask the same right after coupons were told")
    checks: Phrases = Field({}, description="regexes: the customer says what it comes to, and wants that confirmed")
    answers: dict[AnswerKind, Text] = Field({}, description="said before the sum; over ``total``")
    line: Text = Field(description="one product: name, price, pieces, amount")
    steps: dict[Kind, Text] = Field(description="an applied offer: title, off and what its rule says")
    gift: Text = Field(description="title, name, pieces")
    total: Text = Field(description="total, list_total")
    refusals: dict[RefusalReason, Text] = Field(description="an offer of the day that was not applied, and why")
    hints: dict[HintKind, Text] = Field(description="what is just out of reach, or not in the total")
    which: Text = Field(
        Text(zh="请问是下面哪一件？选好我就把总价算给您：", en="Which of these is it? Then I can tell you the total:"),
        description="said before the products that one word of the message may mean",
    )
    separator: Text = Text(zh="；", en="; ")
    after_total: Text = Field(
        Text(zh="：", en=": "), description="between the total, which is said first, and its steps"
    )
    end: Text = Text(zh="。", en=". ")

    @field_validator(
        "asks",
        "price_asks",
        "not_asks",
        "points_asks",
        "points_kept",
        "coupon_names",
        "coupon_asks",
        "coupon_follows",
        "checks",
    )
    @classmethod
    def _are_regexes(cls, phrases: Phrases) -> Phrases:
        for pattern in (pattern for patterns in phrases.values() for pattern in patterns):
            check_re2(pattern)
        return phrases

    @model_validator(mode="after")
    def _is_complete(self) -> QuoteWords:
        for name, given, wanted in (
            ("steps", set(self.steps), set(REDUCING_KINDS)),
            ("refusals", set(self.refusals), set(get_args(RefusalReason))),
            ("hints", set(self.hints), set(get_args(HintKind))),
            ("answers", set(self.answers), set(get_args(AnswerKind)) if self.answers or self.checks else set()),
        ):
            if given != wanted:
                raise ValueError(f"{name}: {', '.join(sorted(given ^ wanted))}: write one text for each of {wanted}")
        if (self.points_asks or self.coupon_asks or self.checks) and not self.answers:
            raise ValueError("answers: they are missing: write what is said before the sum")
        return self
