"""How many pieces of an item a message means: told, left over from what stays, or not told."""

from __future__ import annotations

import pytest

from serving.dialogue.reading.answers.items import told_pieces
from serving.dialogue.reading.answers.order_items import ONE_PIECE
from serving.dialogue.reading.answers.orders.words import OTHER_PIECE
from tests.fixtures.demo_pack import PACK

KEEP = PACK.acts.keep


@pytest.mark.parametrize(
    ("text", "bought", "count"),
    [
        ("有一盏不亮", 2, 1),
        ("只换1台，剩下那台没坏", 2, 1),
        ("四只里面两只有豁口", 4, 2),
        ("one of them arrived chipped", 3, 1),
        ("Please exchange 2 mugs", 3, 2),
        ("一条就够，当时点了两条", None, 1),
        ("留两个，别的退", 3, 1),
        ("I keep one", 3, 2),
        ("the spare one goes back", 2, 1),
        ("换一个炒锅", 2, 1),
        ("想换两个", 2, 2),
        ("1 not 2", 2, 1),
        ("just the one", 2, 1),
        ("change it to one", 2, 1),
        ("Quantity should be 1!", 2, 1),
        ("not both", 2, 1),
        ("别都退啊", 2, 1),
        ("hold on I want to keep one of them", 2, 1),
    ],
)
def test_pieces_are_counted_where_something_is_to_be_done_with_them(text: str, bought: int | None, count: int) -> None:
    assert told_pieces(text, KEEP, bought) == count


@pytest.mark.parametrize(
    "text",
    [
        "一个月前买的",
        "想换个大一点的",
        "想换一个",
        "换一个，尺寸不合适",
        "one size bigger",
        "one colour darker",
        "第二个",
        "3",
        "the second one",
        "a bigger one",
        "just don't need two",
        "用不了两个",
        "我有一个问题",
        "two days ago",
        "买了两个，都坏了",
        "a new one of the same",
        "汤碗两只装",
    ],
)
def test_other_numbers_are_no_pieces(text: str) -> None:
    assert told_pieces(text, KEEP) is None


def test_more_than_was_bought_is_no_count_of_it() -> None:
    assert told_pieces("退三个", KEEP, bought=2) is None


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("好的那台我不要了", True),
        ("没塌的那只退掉", True),
        ("只退那台好的", True),
        ("另外一口我要退钱", True),
        ("and the good one I want to return", True),
        ("send the other back", True),
        ("漏的那台换", False),
        ("the other day I bought a pan", False),
        ("the other order", False),
        ("好的，退吧", False),
    ],
)
def test_the_other_piece_of_an_order_is_told(text: str, other: bool) -> None:
    assert (OTHER_PIECE.search(text) is not None) is other


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("漏的那台换", True),
        ("replace the leaking one", True),
        ("swap it for the blue one", False),
        ("两台都坏了", False),
    ],
)
def test_the_faulty_one_of_several_is_one_piece(text: str, one: bool) -> None:
    assert (ONE_PIECE.search(text) is not None) is one
