"""Which order, thing or day a question is about: what it describes, before what the conversation was about."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from serving.dialogue.assistant import Assistant

Play = Callable[[str | None, list[str]], list[str]]
ESTIMATE = "现在付款"


@pytest.fixture
def play(assistant: Assistant) -> Play:
    """Says messages one after the other in a new session; the answers."""

    def said(customer: str | None, messages: list[str]) -> list[str]:
        session = f"own-orders-{hash(tuple(messages))}"
        return [assistant.reply(session, customer, message).text for message in messages]

    return said


@pytest.mark.parametrize(
    ("customer", "first", "then", "order"),
    [
        ("C1001", "QM2611140014到哪了", "那养生壶呢", "QM2611150013"),
        ("C1001", "QM2611140014到哪了", "那个壶什么时候发货", "QM2611150013"),
        ("C1001", "QM2611140014到哪了", "成都那单呢", "QM2611150013"),
        ("C1001", "where is QM2611140014", "and the mugs?", "QM2611150013"),
        ("C1001", "where is QM2611140014", "what about the one to Chengdu", "QM2611150013"),
        ("C1044", "空气炸锅到哪了", "青岛那单呢", "QM2611141716"),
        ("C1044", "空气炸锅到哪了", "寄到西安的那个什么时候到", "QM2611148732"),
        ("C1044", "where's my air fryer", "the one to Xi'an, when is it due?", "QM2611148732"),
        ("C1041", "QM2611142384到哪了", "那蒸锅呢", "QM2611156681"),
        ("C1041", "where is QM2611142384", "And the other one? The cast iron pot and steamer.", "QM2611156681"),
        ("C1012", "蒸锅那单发了没", "秤那单呢", "QM2611164917"),
        ("C1043", "where is my bench order?", "and the cutlery?", "QM2611159765"),
        ("C1044", "空气炸锅到哪了", "那羊毛毯呢 也是18号吗 我18号不在家", "QM2611141716"),
        ("C1014", "QM2611157678的退款到哪了", "我问的是空气炸锅！最晚几号能退", "QM2611122916"),
    ],
)
def test_the_last_question_goes_on_to_the_order_that_is_named(
    play: Play, customer: str, first: str, then: str, order: str
) -> None:
    told, followed = play(customer, [first, then])
    assert order not in told
    assert order in followed


def test_a_query_goes_on_to_the_product_that_is_named(play: Play) -> None:
    *_, price = play(None, ["圆形挂钟多少钱", "那便当盒呢"])
    assert "149.00" in price
    *_, washing = play(None, ["can the sherpa throw be machine washed?", "what about the wool throw"])
    assert "dry clean" in washing


def test_a_follow_up_at_a_confirmation_that_writes_takes_no_other_order(play: Play) -> None:
    """Only a look-up gives way to the next order: a return that waits for its yes stays what it is."""
    *_, asked, then, yes = play("C1001", ["羽绒枕那单我要退", "不想要了，没拆封", "整单", "那汤碗呢", "确认"])
    assert "QM2611100011" in asked
    assert "QM2611090016" not in yes
    assert then


@pytest.mark.parametrize(
    ("customer", "text", "order"),
    [
        ("C1001", "香薰机发北京大概几号能到", "QM2611140014"),
        ("C1044", "my air fryer, how many days to Shanghai?", "QM2611150631"),
        ("C1044", "青岛那边的大概几号能到", "QM2611141716"),
    ],
)
def test_when_something_on_order_comes_is_asked_of_its_parcel(play: Play, customer: str, text: str, order: str) -> None:
    (answer,) = play(customer, [text])
    assert order in answer
    assert ESTIMATE not in answer and "if you pay now" not in answer


@pytest.mark.parametrize(
    ("customer", "text"),
    [
        ("C1044", "羊毛毯现在下单寄青岛几天能到"),
        ("C1044", "一般寄青岛要几天"),
        ("C1044", "how long to Qingdao if I order a wool throw now?"),
        (None, "寄青岛几天能到"),
    ],
)
def test_what_would_be_bought_now_is_told_as_an_estimate(play: Play, customer: str | None, text: str) -> None:
    (answer,) = play(customer, [text])
    assert ESTIMATE in answer or "if you pay now" in answer


def test_within_an_exchange_how_long_and_who_pays_are_asked_of_the_exchange(play: Play) -> None:
    _, days, fee = play("C1018", ["有一口炒锅坏了换一口新的", "换的话几天能到", "运费谁出"])
    assert days.startswith("快递员上门取走旧的")
    assert fee.startswith("这次换货的往返运费都由我们出")


def test_an_order_that_is_only_compared_is_not_taken(play: Play) -> None:
    *_, confirm = play("C1043", ["改一下餐具那单的地址", "北京市朝阳区建国路88号5号楼1201，跟四件套那单一样"])
    assert "QM2611159765" in confirm and "北京市朝阳区建国路88号" in confirm


def test_the_day_of_ordering_is_no_day_of_arrival(play: Play) -> None:
    (chinese,) = play("C1001", ["我那个香薰机到哪了呀 14号就下单了"])
    assert "QM2611140014" in chinese and "12月" not in chinese
    (english,) = play("C1008", ["where is the linen set that I ordered on the 13th?"])
    assert "QM2611130690" in english and "December" not in english


def test_words_beside_an_order_ask_for_no_sum(play: Play) -> None:
    *_, swapped = play(
        "C1028", ["two handmade mugs, how much altogether?", "one robe in my shipped order is a gift, can she swap it?"]
    )
    assert "Total" not in swapped
    *_, fee = play("C1028", ["if I order 2 mugs, is shipping still 8 yuan?"])
    assert "118.00" in fee and "16.00" not in fee


def test_a_pick_up_whose_day_has_passed_is_not_told_as_coming(play: Play) -> None:
    (answer,) = play("C1020", ["when do they come to collect my return?"])
    assert "has passed" in answer


@pytest.mark.parametrize(
    ("customer", "text", "says"),
    [
        ("C1061", "我有个待付款的蒸锅，15块的券还用得上吗", ["QM2611160146", "224.00"]),
        ("C1056", "冷鲜袋那个没付款的单子，券还能加上去吗", ["QM2611156988", "再凑 100.00 元"]),
        (
            "C1037",
            "the quilt order, my 50 yuan coupon wasn't applied. can you fix that",
            ["QM2611155492", "has shipped"],
        ),
        ("C1041", "香薰机那单派送的是哪家快递啊，电话给我", ["95000-5000", "SY100002256647"]),
        ("C1024", "if I turn the health pot away at the door, do I get all 249 back?", ["QM2611142707", "249.00"]),
        ("C1053", "砂锅那单能只拒收砂锅吗，多士炉要留着", ["QM2611136580", "整单退回"]),
        ("C1019", "when was the return of my mug registered? I never asked for one", ["14 November", "received"]),
    ],
)
def test_a_rule_is_told_of_the_own_order_that_is_meant(play: Play, customer: str, text: str, says: list[str]) -> None:
    (answer,) = play(customer, [text])
    assert all(word in answer for word in says)


@pytest.mark.parametrize(
    ("customer", "text"),
    [
        (None, "有个没付款的蒸锅单子，券还能用上吗"),
        (None, "can I refuse the parcel at the door?"),
        ("C1014", "can I refuse a parcel at the door?"),  # nothing of his is on its way
    ],
)
def test_a_rule_is_told_as_such_where_no_own_order_is_meant(play: Play, customer: str | None, text: str) -> None:
    (answer,) = play(customer, [text])
    assert "QM26" not in answer and "登录" not in answer and "sign in" not in answer


def test_the_other_piece_is_of_the_order_that_is_being_returned(play: Play) -> None:
    *_, deadline = play("C1039", ["记忆枕我要退一个，不想要了", "另外一个过两天再退行不行，最晚几号"])
    assert deadline.startswith("订单 QM2611074139 是 11月9日签收的")
    *_, deadline = play(
        "C1042", ["i want to return the bathrobe, one size too small", "by when would I have to return the other one?"]
    )
    assert deadline.startswith("Order QM2611105183 was delivered on 13 November")


def test_what_comes_back_is_asked_right_after_the_refund(play: Play) -> None:
    *_, coupon = play("C1005", ["is my refund done?", "and what about the coupon I spent on it?"])
    assert "coupon of 15 off 129 returns" in coupon


@pytest.mark.parametrize(
    ("customer", "text", "orders"),
    [
        ("C1018", "invoices for the bath mat and the woks, both in my own name", ["QM2611158343", "QM2611082244"]),
        ("C1043", "餐具和换鞋凳两单都开发票 个人的", ["QM2611159765", "QM2611149065"]),
        ("C1038", "多士炉要换货，坏了一台。顺便把没付款那单取消了", ["QM2611056472", "QM2611162876"]),
    ],
)
def test_two_wishes_are_each_for_the_order_that_is_named(
    play: Play, customer: str, text: str, orders: list[str]
) -> None:
    (told,) = play(customer, [text])
    assert all(order in told for order in orders)


def test_an_order_named_at_the_question_for_another_one_is_that_of_its_own_wish(play: Play) -> None:
    *_, told = play("C1046", ["my doormat arrived torn", "exchange. and cancel the unpaid order too"])
    assert "QM2611152181" in told  # noted, until it is known which doormat


def test_the_list_of_orders_stays_when_it_is_asked_again(play: Play) -> None:
    first, again, picked = play("C1041", ["我的硅藻土脚垫到哪了", "嗯？什么呀", "2"])
    assert "3. QM" not in first + again
    assert "QM2611121994" in picked
