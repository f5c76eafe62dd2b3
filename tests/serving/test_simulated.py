"""What simulated customers were misread by, as conversations; the kinds of faults, not the wordings that found them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from serving.dialogue.assistant import Assistant
from serving.dialogue.reply import Reply

ORDER, INVOICE = "QM2611100011", "I'd like an invoice for my order"


def say(assistant: Assistant, *texts: str) -> Reply:
    session = uuid4().hex
    return [assistant.reply(session, "C1001", text) for text in texts][-1]


def test_words_of_a_correction_are_no_reason(assistant: Assistant) -> None:
    reply = say(assistant, "我要退货", ORDER, "不想要了", "抱歉，号码发错了，是QM2611140014")
    assert reply.slots["return_reason"] == "no_longer_wanted"


def test_a_wrong_item_is_still_a_reason(assistant: Assistant) -> None:
    assert say(assistant, "我要退货", ORDER, "你们发错货了").slots["return_reason"] == "wrong_item"


def test_a_personal_invoice_is_no_wish_for_a_person(assistant: Assistant) -> None:
    assert say(assistant, INVOICE, ORDER, "a personal one please").asks == "invoice_title"


@pytest.mark.parametrize(
    "title", ["name is 开元酒店", "title: 开元酒店", "抬头就是开元酒店。", "开元酒店.", "写开元酒店"]
)
def test_the_words_before_a_title_are_no_part_of_it(assistant: Assistant, title: str) -> None:
    assert say(assistant, INVOICE, ORDER, "personal", title).slots["invoice_title"] == "开元酒店"


def test_a_company_s_chinese_name_changes_no_language(assistant: Assistant) -> None:
    reply = say(assistant, INVOICE, ORDER, "company", "杭州远山贸易有限公司")
    assert reply.lang == "en" and reply.asks == "tax_number"
    assert say(assistant, INVOICE, "算了，不要发票了").lang == "zh"


@pytest.mark.parametrize("text", ["哈喽，我的券还有哪些", "hi, anyone there? agent please", "早上好！轉人工"])
def test_a_greeting_hides_no_wish(assistant: Assistant, text: str) -> None:
    assert say(assistant, text).route in ("query", "human")


def test_traditional_characters_ask_for_a_price(assistant: Assistant) -> None:
    assert "119" in say(assistant, "雲朵羽絨枕什麼價錢").text
    assert say(assistant, "我要退貨", ORDER, "不用辦了").outcome == "abandoned"


def test_a_reason_that_sounds_like_giving_up_is_the_reason_that_was_asked_for(assistant: Assistant) -> None:
    reply = say(assistant, "I want to cancel my order", "QM2611150013", "I changed my mind")
    assert reply.asks == "confirm" and reply.slots["cancel_reason"] == "changed_mind"
    assert say(assistant, "I want to cancel my order", "QM2611150013", "never mind").outcome == "abandoned"


def test_returning_this_order_is_no_partial_return(assistant: Assistant) -> None:
    assert "return_scope" not in say(assistant, "想把这单退了").slots
    assert say(assistant, "这单里单独退一个枕头").slots["return_scope"] == "part"


@pytest.mark.parametrize("text", ["多少天以内可以换货呀", "几天之内能退货", "for how many days can I exchange it"])
def test_a_question_for_a_deadline_starts_no_flow(assistant: Assistant, text: str) -> None:
    assert say(assistant, text).flow is None


@pytest.mark.parametrize("text", ["the address is not right, update it please", "please correct my shipping address"])
def test_an_address_that_is_wrong_is_a_wish_to_change_it(assistant: Assistant, text: str) -> None:
    assert say(assistant, f"{text}, QM2611150013").flow == "delivery"
