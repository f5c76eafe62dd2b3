"""What follows a return or an exchange that was submitted is about it, and begins nothing anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from serving.dialogue.assistant import Assistant
from serving.dialogue.reply import Reply

Follow = Callable[[str, str], Reply]
CASES = {
    "exchange": ("C1015", "one of the toasters from QM2611145339 wont heat, exchange it for a new one", "yes, submit"),
    "换货": ("C1060", "QM2611120173 马克杯碎了一只，换一只同款的", "确认提交"),
    "shelf": ("C1033", "QM2611093616: one bamboo shelf goes back, it doesn't fit, I keep the other one", "yes"),
    "退货": ("C1021", "QM2611126793 里的挂钟退一个，不想要了", "确认提交"),
}
PICK_UP, NEW_ONE = ("9:00",), ("48",)


@pytest.fixture
def follow(assistant: Assistant) -> Follow:
    """Settles a case in a new session and says what follows."""

    def said(case: str, text: str) -> Reply:
        customer, wish, yes = CASES[case]
        session = f"settled-{hash((case, text))}"
        assistant.reply(session, customer, wish)
        assert assistant.reply(session, customer, yes).outcome == "resolved"
        return assistant.reply(session, customer, text)

    return said


@pytest.mark.parametrize(
    ("case", "text", "told"),
    [
        ("exchange", "can they come after 6 tho", PICK_UP),
        ("exchange", "not tomorrow pls, wednesday evening", PICK_UP),
        ("exchange", "and the broken toaster, what happens to it?", PICK_UP),
        ("exchange", "no i mean the pickup for the broken toaster. can i change the time", PICK_UP),
        ("exchange", "how long till i get the new one", NEW_ONE),
        ("换货", "快递员几点来啊", PICK_UP),
        ("换货", "周三下午行不行，白天上班", PICK_UP),
        ("换货", "碎的那只还要寄回去吗", PICK_UP),
        ("换货", "新的啥时候能到", NEW_ONE),
        ("退货", "9点到18点我都上班，放物业让快递去物业拿行不行", PICK_UP),
    ],
)
def test_what_follows_is_about_the_case(follow: Follow, case: str, text: str, told: tuple[str, ...]) -> None:
    reply = follow(case, text)
    assert reply.flow is None and all(words in reply.text for words in told)


@pytest.mark.parametrize(
    ("case", "text", "flow"),
    [
        ("exchange", "I'd rather return it and get my money back", "return"),  # in so many words
        ("exchange", "where is my frying pan order?", "parcel"),  # another order
        ("退货", "阅读灯也坏了，想换一个", "exchange"),  # another item of the order
    ],
)
def test_another_wish_begins_as_ever(follow: Follow, case: str, text: str, flow: str) -> None:
    assert follow(case, text).flow == flow


def test_a_fault_of_another_item_is_no_question_about_the_pick_up(follow: Follow) -> None:
    reply = follow("shelf", "does the lunch box keep soup hot? mine from last week is cold after 3 hours")
    assert "pick-up" not in reply.text


def test_what_is_to_be_done_with_the_old_item_begins_no_return(assistant: Assistant) -> None:
    """碎的那只还要寄回去吗 asks, while an exchange waits for its yes."""
    assistant.reply("old-item", "C1060", "QM2611120173 马克杯碎了一只，换一只同款的")
    reply = assistant.reply("old-item", "C1060", "碎的那只还要寄回去吗？都碎成渣了😂")
    assert (reply.flow, reply.asks) == ("exchange", "confirm")
