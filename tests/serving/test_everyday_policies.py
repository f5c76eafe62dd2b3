"""Everyday policies are found by words of the pack in wordings that no entry has, and only where they are asked."""

from __future__ import annotations

import pytest

from serving.dialogue.reading.word_rules import evidence, plain
from tests.fixtures.demo_pack import PACK

RULES = {faq.id: faq.asked_by for faq in PACK.faq if faq.asked_by}
QUESTIONS = [
    ("return_pack", "快递盒子早被我扔掉了，退货有影响不"),
    ("return_pack", "do i need the original box? i binned it"),
    ("no_price_slip", "箱子里会放写着价钱的小票吗 送人的"),
    ("no_price_slip", "will the price be visible on anything in the box?"),
    ("coupon_extend", "券过期了没用上 能不能再发我一张"),
    ("coupon_extend", "my 50 off voucher lapsed, could you give me a new one?"),
    ("coupon_forgot", "forgot to use my coupon when ordering, can it be added"),
    ("lost_parcel", "要是收纳箱丢了 你们会再补一个吗"),
    ("lost_parcel", "if my storage box got lost, would you ship another one?"),
    ("photo_send", "do you want photos of the crack?"),
    ("return_fee", "if I send it back just because, who covers postage?"),
    ("return_excluded", "定做的东西不满意能退吗"),
    ("stock_notify", "can you let me know when its back?"),
    ("book_time", "能不能让快递20号再送呀"),
    ("refund_time", "does the bank take longer on weekends for my refund?"),
    ("first_wash", "the linen bed set, wash before first use?"),
]
OTHERS = [
    ("return_pack", "收纳箱丢了一个，少了"),
    ("return_pack", "I need a bigger lunch box"),
    ("no_price_slip", "where can I see the price of the pot"),
    ("coupon_extend", "我的券什么时候过期"),
    ("lost_parcel", "I lost my password"),
    ("return_fee", "我要退货，运费谁出"),
    ("return_excluded", "定制桌布几天发货"),
    ("book_time", "退货的能20号再来取件吗"),
    ("stock_notify", "let me know when my refund is back"),
]


@pytest.mark.parametrize(("name", "question"), QUESTIONS)
def test_the_words_of_a_policy_find_it(name: str, question: str) -> None:
    assert evidence(plain(question), RULES[name]) is not None


@pytest.mark.parametrize(("name", "message"), OTHERS)
def test_what_only_sounds_like_it_is_not_that_policy(name: str, message: str) -> None:
    assert evidence(plain(message), RULES[name]) is None
