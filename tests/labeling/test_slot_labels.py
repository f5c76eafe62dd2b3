"""Slots as the fixture pack declares them."""

from pathlib import Path

import pytest

from kefu.shop.flows import load_slots
from kefu.shop.slots import extract, language

SLOTS = load_slots(Path("tests/fixtures/pack"))


@pytest.mark.parametrize(
    ("text", "lang", "asked", "expected"),
    [
        ("取消[TICKET_1]", "zh", None, {"ticket": "[TICKET_1]"}),
        ("不是[TICKET_1],是[TICKET_2]", "zh", None, {"ticket": "[TICKET_2]"}),  # the later one corrects
        ("要燕麦奶", "zh", None, {"milk": "oat"}),  # the longest phrase, not 奶
        ("With Oat Milk please", "en", None, {"milk": "oat"}),
        ("a goat on the label", "en", None, {}),  # 'oat' is no word of it
        ("加oat可以吗", "zh", None, {"milk": "oat"}),  # mixed languages
        ("300 ml please", "en", None, {"size": "300"}),
        ("[PHONE_12]毫升", "zh", None, {}),  # digits of a placeholder are not a size
        ("no sugar", "en", None, {}),
        ("no sugar", "en", "note", {"note": "no sugar"}),  # only what was asked takes any words
        ("   ", "en", "note", {}),
        ("[TICKET_3] 500ml with milk", "en", "ticket", {"ticket": "[TICKET_3]", "milk": "cow", "size": "500"}),
    ],
)
def test_extract(text: str, lang: str, asked: str | None, expected: dict[str, str]) -> None:
    assert extract(text, SLOTS, lang, asked) == expected


def test_of_two_slots_of_one_kind_the_asked_one_gets_the_value() -> None:
    two = {"old": SLOTS["ticket"], "new": SLOTS["ticket"]}
    assert extract("[TICKET_1]", two, "en", asked="new") == {"new": "[TICKET_1]"}


def test_language() -> None:
    assert [language(t) for t in ("你好", "order 到哪了", "hello", "[订单x]", "123")] == ["zh", "zh", "en", "zh", "en"]
