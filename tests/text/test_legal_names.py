"""Names of organisations and people are read whole, wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from kefu.shop.pack import load_pack
from kefu.text.legal_names import find_name

ORGANISATIONS_ZH = [
    "苏州星湖文化传媒有限公司",
    "重庆河畔设计工作室有限公司",
    "北京云上咖啡管理有限责任公司",
    "南京金陵会计师事务所（特殊普通合伙）",
    "宁波江北慧选企业管理合伙企业（有限合伙）",
    "青岛海润贸易有限公司市南分公司",
    "中国工商银行股份有限公司杭州分行",
    "上海（中国）自贸区远航物流有限公司",
    "西安开拓者户外用品有限公司",
    "上海A&B设计有限公司",
    "武汉发展个体工商户",
    "成都市武侯区老王杂货铺",
    "上海外国语大学附属小学",
    "北京大学人民医院",
    "浙江大学",
]
ORGANISATIONS_EN = [
    "Chongqing Riverside Design Studio Co., Ltd",
    "Art of Living (Shanghai) Consulting Co., Ltd",
    "Bank of the West Inc",
    "Smith, Jones & Partners LLP",
    "Müller & Söhne GmbH",
    "W. L. Gore & Associates, Inc",
    "A.P. Møller Maersk A/S",
    "University of Nottingham Ningbo China",
    "Beijing Zhongguancun No. 3 Primary School",
    "Blue Whale Studio",
    "3M China Limited",
]


@pytest.fixture(scope="module")
def called() -> tuple[str, ...]:
    return load_pack(Path("shop")).slots["invoice_title"].called


@pytest.mark.parametrize("name", ORGANISATIONS_ZH)
@pytest.mark.parametrize(
    "frame", ["开公司发票，抬头{}，税号[TAX_1]", "抬头：{}\n税号：[TAX_1]", "抬头 {} 税号[TAX_1]", "公司名称是{}，谢谢"]
)
def test_a_chinese_name_after_a_word_for_it_is_whole(called: tuple[str, ...], name: str, frame: str) -> None:
    assert find_name(frame.format(name), called) == name


@pytest.mark.parametrize("name", ORGANISATIONS_EN)
@pytest.mark.parametrize(
    "frame",
    [
        "made out to {}, tax number [TAX_1], email [EMAIL_1]",
        "no, the name should be {}",
        "Company name: {}. Tax no. [TAX_1]",
        "it is in the name of {} please",
    ],
)
def test_an_english_name_after_a_word_for_it_is_whole(called: tuple[str, ...], name: str, frame: str) -> None:
    assert find_name(frame.format(name), called) == name


@pytest.mark.parametrize("name", ORGANISATIONS_EN)
def test_a_message_that_is_nothing_but_a_name_is_one_where_it_was_asked_for(called: tuple[str, ...], name: str) -> None:
    assert find_name(name, called, asked=True) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("invoice to Nanjing Mingxuan Trading Co., Ltd, tax no. [TAX_1]", "Nanjing Mingxuan Trading Co., Ltd"),
        ("You dropped 有限公司. It must be 重庆河畔设计工作室有限公司", "重庆河畔设计工作室有限公司"),
        ("the name should be Ocean Blue Studio Co., Ltd. (the full name)", "Ocean Blue Studio Co., Ltd"),
        ("抬头多了两个字 应该是 广州小满餐饮有限公司", "广州小满餐饮有限公司"),
        ("炒锅那单开重庆佳禾餐饮管理有限公司的发票", "重庆佳禾餐饮管理有限公司"),
        ("抬头[NAME_1]，发[EMAIL_1]", "[NAME_1]"),
        ("personal, in the name [NAME_1]", "[NAME_1]"),
    ],
)  # fmt: skip
def test_a_name_ends_where_something_else_is_told(called: tuple[str, ...], text: str, name: str) -> None:
    assert find_name(text, called) == name


@pytest.mark.parametrize(
    "text",
    ["抬头不对", "抬头", "抬头我找找", "抬头刚才发过了哈", "抬头写什么", "抬头写个人就行", "抬头写我公司",
     "我们公司要开票", "the name is wrong", "name stays the same is fine", "what is the name of the lamp", "company"],
)  # fmt: skip
def test_a_sentence_about_a_name_is_none(called: tuple[str, ...], text: str) -> None:
    assert find_name(text, called) is None


def test_the_only_person_is_meant_where_a_name_was_asked_for(called: tuple[str, ...]) -> None:
    assert find_name("[NAME_1] 发到[EMAIL_1]，今天能收到吗", called, asked=True) == "[NAME_1]"
    assert find_name("[NAME_1] 和 [NAME_2]", called, asked=True) is None
    assert find_name("我是[NAME_1]", called) is None
