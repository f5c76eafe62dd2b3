"""What a yes repeats of its proposal takes nothing back; another order, a part or a condition beside it does."""

from __future__ import annotations

import uuid

import pytest

from serving.dialogue.assistant import Assistant

CLOCK = ["cancel the clock order", "changed my mind"]  # of the customer's two orders that have not shipped
CUSTOMER = "C1034"


def is_cancelled(assistant: Assistant, say: str) -> bool:
    session = uuid.uuid4().hex
    for before in CLOCK:
        assistant.reply(session, CUSTOMER, before)
    reply = assistant.reply(session, CUSTOMER, say)
    return "QM2611153389 is cancelled" in reply.text or "QM2611153389 已取消" in reply.text


@pytest.mark.parametrize(
    "say",
    [
        "yes cancel the clock order",
        "cancel the clock order",
        "yes cancel order QM2611153389",
        "yes, the clock order. when does the pillow order ship?",
        "yes cancel it, I keep the pillow order",
        "好的，把挂钟那单取消了吧",
        "取消，枕头那单照常发",
        "取消挂钟那单，谢谢",
    ],
)
def test_a_yes_with_the_order_that_it_is_about_is_a_yes(assistant: Assistant, say: str) -> None:
    assert is_cancelled(assistant, say)


@pytest.mark.parametrize(
    "say",
    [
        "yes cancel the pillow order",
        "yes cancel the clock order but keep the bags",
        "cancel the clock order only if it has not shipped",
        "cancel one clock of the order",
        "do you cancel the clock order now?",
        "the clock too? yes, but not the shelves",
        "别取消挂钟那单",
        "取消枕头那单，挂钟那单照常发",
        "挂钟那单先别取消",
        "就取消挂钟",
        "取消挂钟那单的话券退吗",
    ],
)
def test_another_order_a_part_or_a_condition_is_none(assistant: Assistant, say: str) -> None:
    assert not is_cancelled(assistant, say)


def test_a_question_that_the_proposal_answers_may_stand_before_a_yes(assistant: Assistant) -> None:
    def said(say: str) -> str:
        session = uuid.uuid4().hex
        assistant.reply(session, "C1033", "the pillow of the 9th is cheaper now, please refund the difference")
        return assistant.reply(session, "C1033", say).text

    assert "The difference of 20.00 yuan goes back" in said("Great, the plates too? Yes please")
    assert "goes back" not in said("Great, the shelves too? Yes please")
    assert "goes back" not in said("the plates too? hold on")
