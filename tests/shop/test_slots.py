"""Choices that a message tells, and those that it only denies."""

from __future__ import annotations

import pytest

from kefu.paths import ROOT
from kefu.shop.flows import load_slots
from kefu.shop.slots import extract, language

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
