"""What only looks like a question about a product, and what is one: texts with the act that a reader would take from
them. ``found`` are the words by which it would."""

from __future__ import annotations

import pytest

from kefu.acts import Act, Compare, Query, Quote, Recommend
from serving.dialogue.reading.wishes.product_gate import ProductGate
from tests.fixtures.demo_pack import PACK

GATE = ProductGate(PACK)


def query(name: str, found: str, probability: float = 1.0) -> Query:
    return Query(name=name, slots={}, probability=probability, evidence=found)


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("被面上有一块黄色污渍，能给我换一条吗", "product_colour", "黄色"),
        ("量错了改一下尺寸重新裁一块行不行", "product_size", "尺寸"),
        ("你在说啥 我说你们尺寸做错了 要退", "product_size", "尺寸"),
        ("那个养生壶的快递多少钱", "product_price", "多少钱"),
        ("不是问尺寸，我是问桌布能不能退", "product_size", "尺寸"),
        ("浴袍还来得及换尺码吗，尺寸小了", "product_size", "尺寸"),
        ("one of the robes came with a brown stain", "product_colour", "brown"),
        ("can i swap just that one for a bigger size?", "product_other_sizes", "bigger size"),
        ("I bought a bathrobe, it's too small, want a bigger size", "product_other_sizes", "bigger size"),
        ("how much do I get back for it?", "product_price", "how much do"),
        ("where is the parcel with the bigger sizes", "product_other_sizes", "bigger sizes"),
        ("alright i'll give it a wash then", "product_washing", "wash"),
        ("I'm not asking about the price, where is it", "product_price", "price"),
    ],
)
def test_a_word_for_a_property_in_a_wish_or_a_tale_asks_nothing_of_the_product(
    text: str, name: str, found: str
) -> None:
    assert not GATE.lets_in(text, query(name, found))


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("羊毛毯 多少钱", "product_price", "多少钱"),
        ("我收到的毯子能机洗吗", "product_washing", "机洗"),
        ("想换鞋凳，尺寸多大", "product_size", "尺寸"),
        ("订单里的杯子能进洗碗机吗", "product_washing", "洗碗机"),
        ("那就换加大的，有货吗", "product_stock", "有货"),
        ("浴袍我要退，另外羊毛毯什么材质", "product_material", "材质"),
        ("退货之后这个还在保修吗", "product_warranty", "保修"),
        ("what colours does the bathrobe come in?", "product_colour", "colours"),
        ("I meant is it warm enough for winter, not how to wash it", "product_warmth", "is it warm"),
        ("exchange it for plus, is that in stock?", "product_stock", "in stock"),
        ("the price of the bigger one", "product_price", "price"),
        ("I forgot whether I ordered a wall clock from you", "orders_with_product", "I ordered"),
    ],
)
def test_a_property_that_is_asked_for_is_told(text: str, name: str, found: str) -> None:
    assert GATE.lets_in(text, query(name, found))


@pytest.mark.parametrize(
    ("text", "act", "passes"),
    [
        ("不是推荐啦😂 是14号那个养生壶", Recommend(words="", evidence="推荐"), False),
        ("有什么毯子推荐", Recommend(words="", evidence="推荐"), True),
        ("flannel set, can you refund the difference", Compare(skus=("A", "B"), aspect=None, evidence="x"), False),
        ("the wool throw or the sherpa one, what is the difference?", Compare(skus=("A", "B"), aspect=None), True),
        ("我9号买的369一套，现在是不是降价了", Quote(basket=(("A", 1),), check="total", amount=369), False),
        ("两条毛巾一共138对吗", Quote(basket=(("A", 2),), check="total", amount=138), True),
        ("当然是今天早上到的那个啊", query("product_price", "", 0.9), False),
        ("包裹到哪了", Query(name="my_orders", slots={}, evidence="包裹"), True),
    ],
)
def test_advice_comparisons_sums_and_guesses_need_a_question_as_well(text: str, act: Act, passes: bool) -> None:
    assert GATE.lets_in(text, act) is passes
