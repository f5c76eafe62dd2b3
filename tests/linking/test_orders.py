"""Which order a message means: nothing outside the list, nothing that was denied, and how it was said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.dialogue.linking import Linker, Order, OrderLink
from tests.linking.mentions import NOW, linked, read_mentions
from tests.linking.test_numbers import SPELLINGS

WORDS = [
    "羽绒枕", "枕头", "那单", "这个", "昨天", "上周二", "买的", "收到的", "没付款的", "还没到",
    "第二个", "最近那个", "不是", "是",
    "，", " ", "QM2611140014", "QM2611080021", "2611140014", "尾号0014", "the", "pillow", "kettle",
    "latest", "not", "it", "都要退",
    "11月10号", "Nov 13", "另一个", "1", "双11",
]  # fmt: skip


def link(
    linker: Linker, customer: str, text: str, focus: str | None = None, offered: tuple[str, ...] = ()
) -> OrderLink:
    orders = linker.orders(customer, NOW)
    return linker.link_orders(linker.normalise(text, lambda: orders), orders, "zh", NOW, focus, offered)


def test_at_least_95_of_100_mentions_mean_what_they_say(linker: Linker) -> None:
    for held_out in (False, True):
        mentions = [mention for mention in read_mentions() if mention.held_out == held_out]
        misses = [m.text for m in mentions if sorted(linked(linker, m)) != sorted(m.want)]
        assert len(misses) <= 0.05 * len(mentions), misses


def test_orders_are_named_and_newest_first(linker: Linker) -> None:
    orders = linker.orders("C1001", NOW)
    assert [order.id[-4:] for order in orders] == ["0015", "0013", "0014", "0011", "0016", "0012"]
    assert orders[3].label.zh == "11-10 云朵羽绒枕×2（已签收）"
    assert orders[3].label.en == "11-10 2 × Cloud down pillow (delivered)"
    assert orders[3].skus == ("BD-101",)
    assert linker.orders(None, NOW) == []


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), st.sampled_from(["C1001", "C1002", "C1003", "C1004"]))
@settings(max_examples=300, deadline=None)
def test_only_own_orders_are_ever_linked(linker: Linker, words: list[str], customer: str) -> None:
    own = {order.id for order in linker.orders(customer, NOW)}
    found = link(linker, customer, "".join(words), "QM2611140014", ("QM2611080021", *sorted(own)[:2]))
    assert set(found.ids) <= own
    assert not set(found.ids) & set(found.denied)


def test_a_strangers_number_links_to_nothing_and_is_seen_as_a_number(linker: Linker) -> None:
    for name, spell in SPELLINGS.items():
        found = link(linker, "C1001", spell("QM2611080021"))
        assert found.ids == (), name
    found = link(linker, "C1001", "QM2611080021到哪了")
    assert (found.ids, found.how, found.explicit) == ((), ("number",), True)


def test_a_placeholder_stands_for_its_number(linker: Linker) -> None:
    orders = linker.orders("C1001", NOW)
    vault = {"[ORDER_1]": "QM2611100011", "[ORDER_2]": "qm 2611140014"}
    found = linker.link_orders("不是[ORDER_1]，是[ORDER_2]", orders, "zh", NOW, vault=vault)
    assert (found.ids, found.denied, found.evidence) == (("QM2611140014",), ("QM2611100011",), ("[ORDER_2]",))


def test_naming_and_pointing_differ(linker: Linker) -> None:
    pointed = link(linker, "C1001", "那单到哪了", focus="QM2611140014")
    assert (pointed.ids, pointed.how, pointed.explicit) == (("QM2611140014",), ("pronoun",), False)
    named = link(linker, "C1001", "就是上周二买的那个羽绒枕", focus="QM2611140014")
    assert (named.ids, named.how, named.explicit) == (("QM2611100011",), ("product", "day"), True)
    told = link(linker, "C1001", "my parcel still hasn't arrived")
    assert (told.ids, told.how, told.explicit) == (("QM2611140014",), ("state",), False)


def test_a_product_in_a_question_is_told_from_one_that_was_bought(linker: Linker) -> None:
    assert not link(linker, "C1001", "羽绒枕能机洗吗").refers
    assert link(linker, "C1001", "羽绒枕那单").refers


def test_a_state_that_is_told_excludes_no_order(linker: Linker) -> None:
    found = link(linker, "C1001", "羽绒枕还没到，显示签收了")
    assert found.ids == ("QM2611100011",)


@pytest.mark.parametrize(
    "text",
    [
        "我上个月搬家了，下单忘了改地址，能帮我改一下吗",
        "昨天出差回来，想问下买的东西能改地址吗",
        "前天我妈住院了，收到的东西没空拆",
        "I moved last month, can you change my address?",
    ],
)
def test_a_day_of_something_else_is_no_day_of_an_order(linker: Linker, text: str) -> None:
    assert "day" not in link(linker, "C1001", text).how


def test_a_day_that_stands_alone_before_a_comma_is_that_of_the_order(linker: Linker) -> None:
    assert [order[-4:] for order in link(linker, "C1001", "昨天，我买的那个").ids] == ["0013"]


def test_a_customer_without_orders_gets_none(linker: Linker) -> None:
    nobody: list[Order] = []
    assert linker.link_orders("最近那个", nobody, "zh", NOW) == OrderLink((), ("ordinal",), True, ("最近那个",), True)


def test_another_shop_without_entities_links_nothing(tmp_path: object) -> None:
    from pathlib import Path

    from kefu.paths import ROOT
    from kefu.shop.pack import load_pack
    from serving.tools.shop_db import ToolBox, build

    pack = load_pack(ROOT / "tests" / "fixtures" / "pack")
    assert isinstance(tmp_path, Path)
    build(pack.folder, tmp_path / "shop.db")
    linker = Linker(pack, ToolBox(pack, tmp_path / "shop.db"))
    assert linker.orders("G1", "2026-11-16T10:00:00+01:00") == []
    assert linker.normalise("BB 123456", list) == "BB 123456"
    assert linker.link_orders("最近那个", [], "zh", NOW) == OrderLink()
    assert linker.link_products("咖啡") == []


@pytest.mark.parametrize(
    ("customer", "text", "orders"),
    [
        ("C1005", "我前天取消的那单393块退了没", ["9198"]),
        ("C1005", "393元的那单", ["9198"]),
        ("C1044", "西安那单", ["8732", "2072"]),
        ("C1044", "the one to Qingdao", ["1716"]),
        ("C1044", "地址改成西安市雁塔区科技路10号", []),
        ("C1044", "寄西安的水壶", ["8732"]),
        ("C1001", "那个壶", ["0013"]),
        ("C1012", "秤那单", ["4917"]),
        ("C1053", "kitchen scale + the mats, ship today?", ["3646", "5934", "6794"]),
        ("C1034", "挂钟那单和记忆枕那单都今天发吗", ["9300", "3389"]),
        ("C1043", "the cutlery i ordered last nite, not the old one from october", ["9765"]),
        ("C1043", "餐具那单改地址，跟四件套那单一样的地址", ["9765", "9285"]),
        ("C1043", "the cutlery order, same address as the tablecloth order", ["9765", "9285"]),
        ("C1041", "the diffuser and the pot", ["6681", "2384"]),
        ("C1024", "15号那单和养生壶", ["4596", "2707", "1867"]),
        ("C1036", "那个四件套", ["0548", "9765"]),
        ("C1032", "就是锅和香薰精油那两单", ["5945", "0281", "2859"]),
        ("C1056", "枕头那个还有碗那个", ["7141", "8413", "2636"]),
        ("C1043", "can you send it to my Beijing one instead", []),
    ],
)
def test_amounts_places_and_short_words_describe_orders(
    linker: Linker, customer: str, text: str, orders: list[str]
) -> None:
    assert [order[-4:] for order in link(linker, customer, text).ids] == orders


@pytest.mark.parametrize(
    ("customer", "focus", "text", "order"),
    [
        ("C1041", "QM2611156681", "12号脚垫那单的运单号是多少", "QM2611121994"),
        ("C1041", "QM2611156681", "my bath mat from 12 November", "QM2611121994"),
        ("C1041", "QM2611156681", "只有脚垫的那单", "QM2611121994"),
        ("C1041", "QM2611156681", "6681不是，是1994那个", "QM2611121994"),
        ("C1050", "QM2611150158", "不是😅 我问我14号买的那两个玻璃杯到哪了", "QM2611140591"),
        ("C1050", "QM2611150158", "不是 我问14号的玻璃杯", "QM2611140591"),
        ("C1050", None, "是0591那单 玻璃杯", "QM2611140591"),
        ("C1061", None, "哦看错了 是7847那单 两件浴袍", "QM2611157847"),
        ("C1061", None, "oops yeah 7847, the robes", "QM2611157847"),
        ("C1044", "QM2611141716", "the order with just one kettle", "QM2611148732"),
        ("C1021", None, "我12号那单不是买了两个挂钟嘛其实一个就够了", "QM2611126793"),
        ("C1047", "QM2611150643", "榨汁杯不是13号就取消了嘛，钱怎么还没到账", "QM2611138635"),
        ("C1051", None, "Hi, I cancelled an order last week and still don't see my money", "QM2611104105"),
    ],
)
def test_what_a_message_describes_goes_before_the_order_in_focus(
    linker: Linker, customer: str, focus: str | None, text: str, order: str
) -> None:
    assert link(linker, customer, text, focus).ids == (order,)


@pytest.mark.parametrize(
    ("customer", "text"),
    [
        ("C1032", "地址能改不 改南京那个"),
        ("C1018", "新的寄到青岛那个地址行不"),  # where something is to go
        ("C1034", "不行就取消了吧"),  # what is to be done, not what an order is
        ("C1050", "不是玻璃杯那单"),
    ],
)
def test_what_describes_no_order_names_none(linker: Linker, customer: str, text: str) -> None:
    assert not link(linker, customer, text).ids
