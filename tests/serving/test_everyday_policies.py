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
    ("first_wash", "新被套头一次用要先洗吗"),
    ("coupon_forgot", "can my 20 off be used on the order I placed this morning?"),
    ("coupon_forgot", "i have a voucher, can it still be added to my unpaid order"),
    ("coupon_forgot", "昨天下的单还没付钱 现在能用那张券吗"),
    ("coupon_forgot", "付完款了才看到有券 还能补用吗"),
    ("coupon_how", "can I put 2 vouchers on the same purchase"),
    ("coupon_how", "一个订单可以用几张券"),
    ("change_quantity", "i ordered one by mistake, can you make it 3 instead of 1 in that order"),
    ("change_quantity", "没付款的那单想改成两个"),
    ("change_quantity", "could you change the quantity to 4"),
    ("return_excluded", "will you take back a personalised tablecloth if I change my mind"),
    ("return_opened", "I tried the robe on, can I still send it back?"),
    ("return_opened", "试穿了一下不合适能退吗"),
    ("return_opened", "the tags are off already, may i exchange it"),
    ("return_window", "退货期是多少天"),
    ("protect_rule", "要是过两天降价了 差价补我吗"),
    ("protect_rule", "if the price drops next week, do I get the difference back?"),
    ("points_earn", "do i get points for leaving a review"),
    ("points_earn", "晒单给几个豆"),
    ("upstairs", "五楼没电梯 送货师傅帮忙抬上去吗"),
    ("upstairs", "would the driver bring the bench up to the third floor"),
    ("pay_methods", "do you accept apple pay?"),
    ("pay_methods", "能用信用卡付吗"),
    ("refund_failed", "我那张卡注销了 退的钱怎么办"),
    ("ship_later", "please don't ship it until the 25th"),
    ("hotline", "is there a number I can ring"),
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
    ("coupon_forgot", "取消的话券会退回来吗"),
    ("coupon_forgot", "can I use my coupon on the steamer"),
    ("coupon_forgot", "满199减20的券什么时候到期"),
    ("coupon_forgot", "I have a coupon, what would two pillows cost"),
    ("change_quantity", "枕头改成三个一共多少钱"),
    ("change_quantity", "换成两个枕头多少钱"),
    ("change_quantity", "add one more pillow, how much is it"),
    ("return_excluded", "the made-to-measure tablecloth is 8 cm too short, I want to return it"),
    ("return_opened", "the coat hanger came off, send a new one"),
    ("upstairs", "取件师傅能上楼取退货吗"),
    ("upstairs", "how much weight does the bench carry"),
    ("pay_methods", "退款退到信用卡吗"),
    ("protect_rule", "this one got cheaper, I want the difference for order [ORDER_1]"),
    ("points_earn", "评价的木豆没到账"),
    ("refund_failed", "my account is locked, I cannot sign in"),
    ("ship_later", "can the pick-up point hold my parcel for a week"),
    ("hotline", "my phone number is wrong, change it"),
]


@pytest.mark.parametrize(("name", "question"), QUESTIONS)
def test_the_words_of_a_policy_find_it(name: str, question: str) -> None:
    assert evidence(plain(question), RULES[name]) is not None


@pytest.mark.parametrize(("name", "message"), OTHERS)
def test_what_only_sounds_like_it_is_not_that_policy(name: str, message: str) -> None:
    assert evidence(plain(message), RULES[name]) is None
