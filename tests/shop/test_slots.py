"""Choices that a message tells, and those that it only denies."""

from __future__ import annotations

from functools import partial

import pytest

from kefu.paths import ROOT
from kefu.shop.flows import load_slots
from kefu.shop.slots import extract, is_unchanged, language
from tests.fixtures.cost import cost

SLOTS = load_slots(ROOT / "shop")


def told(slot: str, text: str, asked: bool = True) -> str | None:
    return extract(text, {slot: SLOTS[slot]}, language(text), slot if asked else None).get(slot)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("没什么质量问题，就是不想要了", "no_longer_wanted"),
        ("东西没坏，买多了", "no_longer_wanted"),
        ("不是质量问题，颜色不对", "unsuitable"),
        ("没有破损也没有划痕，尺寸不合适", "unsuitable"),
        ("并非发错货，是用不上", "no_longer_wanted"),
        ("Nothing wrong with the quality, I changed my mind", "no_longer_wanted"),
        ("It isn't broken, I just don't need it", "no_longer_wanted"),
        ("not damaged, too small", "unsuitable"),
        ("没有破损", None),
        ("It is not broken", None),
    ],
)
def test_a_denied_reason_is_no_reason(text: str, reason: str | None) -> None:
    assert told("return_reason", text) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("坏了，没法用", "quality"),
        ("是不是坏了", "quality"),  # a question about the fault still speaks of it
        ("有没有质量问题我不知道，反正不转", "quality"),
        ("没想到坏了", "quality"),
        ("特别难闻，有异味", "quality"),
        ("It is not the size I wanted", "unsuitable"),
        ("it does not work", "quality"),
        ("not what I ordered", "wrong_item"),
        ("换个没色差的", "unsuitable"),  # what he has differs in colour
    ],
)
def test_a_negation_within_a_reason_or_of_something_else_denies_nothing(text: str, reason: str) -> None:
    assert told("return_reason", text) == reason


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("invoice_kind", "不是公司，是个人", "personal"),
        ("invoice_kind", "not a company, personal please", "personal"),
        ("delivery_wish", "不用催，改一下手机号", "phone"),
        ("delivery_wish", "用不用催一下", "hurry"),
        ("delivery_wish", "别催了", None),
        ("delivery_wish", "地址不变，改一下收件人", "recipient"),
        ("delivery_wish", "the address stays the same, the name is wrong", "recipient"),
        ("return_reason", "size is fine but it leaks", "quality"),
        ("exchange_scope", "no just the one", "part"),  # an answer, and then a value
        ("asked_shipping", "it has not shipped yet", "shipping"),  # one choice: what is spoken of
    ],
)
def test_every_slot_with_choices_knows_denial(slot: str, text: str, value: str | None) -> None:
    assert told(slot, text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("抬头西安明川文化传媒有限公司，税号[TAX_1]", "西安明川文化传媒有限公司"),
        ("抬头上面写了呀，重庆佳禾餐饮管理有限公司", "重庆佳禾餐饮管理有限公司"),
        ("帮我换成杭州远山贸易有限公司吧", "杭州远山贸易有限公司"),
        ("武汉墨语文化传媒有限公司呀 [TAX_1]", "武汉墨语文化传媒有限公司"),
        ("开西安明川文化传媒有限公司的票", "西安明川文化传媒有限公司"),
        ("成都开心写意家居有限公司上海分公司", "成都开心写意家居有限公司上海分公司"),
        ("make it out to Bluebird Trading Co., Ltd please", "Bluebird Trading Co., Ltd"),
        ("in the name of Anna Bell", "Anna Bell"),
        ("抬头为杭州远山贸易有限公司", "杭州远山贸易有限公司"),
        ("发票抬头是上海给力科技有限公司", "上海给力科技有限公司"),
        ("我要开华为技术有限公司的票", "华为技术有限公司"),
        ("给成都叫了个鸡餐饮有限公司开", "成都叫了个鸡餐饮有限公司"),
        ("麻烦把抬头改成北京是也文化有限公司", "北京是也文化有限公司"),
        ("公司的 抬头广州小满餐饮有限公司 税号[TAX_1]", "广州小满餐饮有限公司"),
        ("名字是重庆河畔设计工作室有限公司", "重庆河畔设计工作室有限公司"),
        ("the name is [ADDRESS_1] Studio Co., Ltd.", "[ADDRESS_1] Studio Co., Ltd"),
        ("made out to my company Rainwood Studio Ltd", "Rainwood Studio Ltd"),
        ("我们公司要开发票", None),
        ("公司的发票", None),
    ],
)
def test_a_company_name_is_the_title_wherever_it_stands(text: str, value: str | None) -> None:
    assert told("invoice_title", text, asked=False) == value


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("return_reason", "称东西不准，差了十几克", "quality"),
        ("return_reason", "被面上有一块黄渍", "quality"),
        ("return_reason", "底都翘起来了", "quality"),
        ("return_reason", "一边高一边低", "quality"),
        ("return_reason", "打开一看像是别人用过的", "quality"),
        ("return_reason", "it loses ten minutes a day", "quality"),
        ("return_reason", "the handle came off", "quality"),
        ("return_reason", "the lids dont seal", "quality"),
        ("return_reason", "i measured my bed wrong", "unsuitable"),
        ("return_reason", "it isn't powerful enough", "unsuitable"),
        ("return_reason", "i only need one", "no_longer_wanted"),
        ("return_reason", "我订的180，你们给我裁成170", "wrong_item"),
        ("return_reason", "我要退那个黄色的", None),
        ("return_reason", "能给我裁成圆的吗", None),
        ("return_reason", "快递一面单", None),
        ("ship_condition", "如果今天不能发就算了", "soon"),
        ("ship_condition", "if its not going out today pls cancel it", "soon"),
        ("ship_condition", "has it shipped? if not, cancel it", "soon"),
        ("ship_condition", "取消订单，还没发货", None),
        ("invoice_kind", "made out to Rossi Design LLC", "company"),
        ("invoice_kind", "给我开发票", None),
    ],
)
def test_a_value_in_plain_words_needs_no_question(slot: str, text: str, value: str | None) -> None:
    assert told(slot, text, asked=False) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("蚕丝被两床改一床", "part"),
        ("能不能少一张地垫", "part"),
        ("把保鲜袋去掉", "part"),
        ("不要整单取消", "part"),
        ("其他的照发", "part"),
        ("取消一件就行", "part"),
        ("cancel only one of the two robes", "part"),
        ("just one robe off please", "part"),
        ("can you take out the soup bowls", "part"),
        ("not the whole order", "part"),
        ("remove the bowls from it", "part"),
        ("取消这单", "whole"),
        ("帮我把订单取消掉", None),
        ("cancel my order please", None),
        ("keep the order", None),
        ("ordered by mistake", None),
    ],
)
def test_a_part_of_an_order_is_told_apart_from_all_of_it(text: str, value: str | None) -> None:
    assert told("cancel_part", text) == value


@pytest.mark.parametrize("text", [" " * 2000, "开" * 1996 + "有限公司", "抬头为" * 660, "A.A" * 660, "公司" * 1000])
def test_a_long_message_takes_no_long_time(text: str) -> None:
    """A bound of growth, not of a machine: four times the text may take some four times as long, never sixteen."""

    long, short = (cost(partial(extract, text[:length], SLOTS, "zh")) for length in (2000, 500))
    assert long < 9 * short + 10


@pytest.mark.parametrize("text", ["电话不变", "地址不变，谢谢", "the address stays", "the name stays as it is"])
def test_what_stays_is_told_apart(text: str) -> None:
    assert is_unchanged(text)


@pytest.mark.parametrize("text", ["不改了", "不用改", "地址不改了", "电话不变，名字改成[NAME_1]", "it stays dark"])
def test_a_refusal_or_a_change_is_nothing_that_stays(text: str) -> None:
    assert not is_unchanged(text)
