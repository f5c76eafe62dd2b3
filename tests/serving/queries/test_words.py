"""Which query a message's words name, and which they do not."""

from __future__ import annotations

import pytest

from serving.dialogue.queries import Queries
from tests.fixtures.cost import cost

# Wordings that are not examples of the pack. They decide nothing alone: the index finds what words leave out.
ASKED = {
    "my_points": ["我有多少木豆", "我的积分还剩多少啊", "how many points do i have?", "账户里还有几个木豆"],
    "my_coupons": ["我有哪些优惠券", "我现在有什么券能用", "When do my coupons expire?", "do I still have a voucher"],
    "my_orders": ["帮我列一下所有订单", "show me my recent orders", "我忘了订单号", "I can't find my order number"],
    "my_level": ["我是金卡会员吗", "查下我的会员等级", "what's my membership level", "am I a silver member"],
    "order_contents": ["[ORDER_1]里都有什么", "what is in [ORDER_1]?", "看下订单明细"],
    "order_total": ["这单多少钱", "[ORDER_1]一共付了多少", "how much was my order"],
    "order_dates": ["我是哪天下的单", "when did I place this order?", "这个什么时候签收的"],
    "promotions_now": ["现在有什么活动", "any promotions at the moment?", "最近有活动吗"],
}
NOT_ASKED = [
    "木豆怎么用", "积分会过期吗", "评价了没给积分", "优惠券为什么用不了", "新人有优惠券吗", "会员有什么优惠",
    "怎么升级金卡", "满减和优惠券能叠加吗", "我要退货", "查物流", "订单什么时候发货", "这单能退多少钱", "取消订单",
    "你好", "我的快递到哪了",
    "how do I earn points", "do points expire", "why does my coupon not work", "how do I become a gold member",
    "where is my order", "cancel my order", "I want to return it", "how much is shipping", "what do members get",
    "when will my order ship", "how much do I get back for my order", "退款什么时候到账", "发票什么时候能收到",
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, some in ASKED.items() for text in some])
def test_words_name_the_query(queries: Queries, name: str, text: str) -> None:
    found = queries.named(text, "zh")
    assert [match.name for match in found] == [name]
    assert found[0].evidence.lower() in text.lower().replace("？", "?")


@pytest.mark.parametrize("text", NOT_ASKED)
def test_words_are_precise(queries: Queries, text: str) -> None:
    assert queries.named(text, "zh") == []


def test_two_queries_of_a_message_come_in_its_order(queries: Queries) -> None:
    found = queries.named("我有哪些优惠券，我还有多少木豆？", "zh")
    assert [match.name for match in found] == ["my_coupons", "my_points"]


def test_a_long_message_is_searched_quickly(queries: Queries) -> None:
    text = "我的订单里面有什么的时候会员等级券" * 120
    assert cost(lambda: queries.named(text[:2000], "zh")) < 20


@pytest.mark.parametrize(
    ("text", "told", "query"),
    [
        ("那截止到几点", "faq:cancel_auto", "order_payment_deadline"),
        ("until when is it valid?", "query:my_coupons", "my_coupons"),
        ("哪天过期", "sum", "my_coupons"),
        ("and for an exchange?", "query:order_return_deadline", "order_return_deadline"),
        ("几点发货", "faq:cancel_auto", None),
        ("哪天上门取件", "query:order_return_deadline", None),
        ("until when is it valid?", "", None),
        ("截止到几点", "query:my_points", None),
    ],
)
def test_a_question_without_a_subject_is_about_what_was_told(
    queries: Queries, text: str, told: str, query: str | None
) -> None:
    assert queries.follow_up(text, told) == query
