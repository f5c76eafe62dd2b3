"""What is refused ends and what is wished begins, in one answer; a goodbye asks for nothing; a person is reached."""

from __future__ import annotations

import pytest

from serving.dialogue.assistant import Assistant
from tests.serving.reading.test_yes_with_company import QUESTIONS
from tests.serving.test_open_questions import moves_of


@pytest.mark.parametrize(
    ("question", "say"),
    [("exchange", say) for say in ("算了 还是退钱吧", "算了还是退款吧", "不换了，给我退货吧")]
    + [("exchange_english", say) for say in ("hmm actually just refund me for that one", "no swap. refund me instead")]
    + [("address", "算了地址不改了，直接给我取消掉"), ("cancel_english", "no leave it. please change the address")]
    + [("cancel_english", "not cancel!! change the phone number of the receiver, 13911024567")],
)
def test_another_wish_takes_the_place_of_what_is_refused(assistant: Assistant, question: str, say: str) -> None:
    moves = moves_of(assistant, QUESTIONS[question], say)
    assert "begins" in moves or {"leave", "value"} <= moves
    assert "yes" not in moves


@pytest.mark.parametrize(
    "say", ["finally. ok i'll do it there. bye", "ok will do ty", "its sorted lol. ok ill change it on the page cheers"]
)
def test_a_goodbye_with_a_remark_gets_a_goodbye(assistant: Assistant, say: str) -> None:
    session, customer = f"bye {say}", assistant.pack.shop.demo_customers[0]
    assistant.reply(session, customer, "hello")
    reply = assistant.reply(session, customer, say)
    assert reply.route == "chitchat" and reply.text == assistant.pack.acts.small_talk["bye"].reply.in_("en")


def test_thanks_after_a_wish_in_plain_words_end_nothing(assistant: Assistant) -> None:
    session, customer = "wish and thanks", assistant.pack.shop.demo_customers[0]
    assistant.reply(session, customer, "hello")
    assert assistant.reply(session, customer, "i want to return my pillow, thanks").flow == "return"


@pytest.mark.parametrize("say", ["答非所问 给我转个人工", "not what I asked. please have someone ask the courier"])
def test_a_person_beside_a_protest_is_called(assistant: Assistant, say: str) -> None:
    session, customer = f"protest {say}", assistant.pack.shop.demo_customers[0]
    assistant.reply(session, customer, "我的包裹到哪了" if say.startswith("答") else "where is my parcel")
    assert assistant.reply(session, customer, say).route == "human"


def test_who_wants_no_person_gets_none(assistant: Assistant) -> None:
    assert "person" not in moves_of(assistant, QUESTIONS["cancel"], "不转人工 就整单取消")
