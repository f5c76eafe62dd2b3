"""The packet: all that is known of a case, with the customer's real data, and nothing invented."""

from __future__ import annotations

from collections.abc import Callable

from serving.dialogue.assistant import Assistant
from serving.dialogue.people.packet import Packet
from tests.serving.people.conftest import MINE, Agent, Customer


def test_a_person_sees_the_real_words_values_and_acts(new_customer: Callable[..., Customer], lin: Agent) -> None:
    customer = new_customer()
    customer.says("我要退货", MINE, "我的电话是 13812345678，转人工")
    packet = lin.packet(customer.case)
    Packet.model_validate(packet)
    transcript = packet["transcript"]
    assert [turn["role"] for turn in transcript] == ["customer", "bot"] * 3
    assert [transcript[2]["text"], transcript[4]["text"]] == [MINE, "我的电话是 13812345678，转人工"]
    assert transcript[0]["acts"] == ["start"] and "person" in transcript[4]["acts"] and transcript[0]["time"]
    assert (packet["customer"], packet["reason"], packet["urgency"], packet["script"]) == (
        "C1001", "asked", "normal", "simplified",
    )  # fmt: skip
    flow = packet["flow"]
    assert (flow["name"], flow["step"], flow["ended"]) == ("return", "ask_reason", False)
    assert flow["slots"] == {"order_number": MINE} and flow["results"]["order"]["order_id"] == MINE
    assert packet["suggested_reply"] is None


def test_a_flow_that_leads_to_a_person_shows_what_its_tools_gave(
    new_customer: Callable[..., Customer], lin: Agent
) -> None:
    customer = new_customer()
    assert customer.says(f"订单{MINE}，显示签收但是我没收到", "没有")["outcome"] == "handoff"
    packet = lin.packet(customer.case)
    assert (packet["reason"], packet["flow"]["ended"], packet["flow"]["step"]) == ("flow", True, None)
    assert packet["flow"]["slots"]["order_number"] == MINE and packet["flow"]["results"]


def test_a_reply_is_suggested_when_the_knowledge_is_sure(waiting: Customer, lin: Agent, assistant: Assistant) -> None:
    faq = assistant.pack.faq[0]
    waiting.says(faq.question.zh)
    suggested = lin.packet(waiting.case)["suggested_reply"]
    assert suggested == {"text": faq.answer.zh, "source": f"faq:{faq.id}:zh"}
    lin.does("claim", waiting.case)
    lin.does("reply", waiting.case, text=suggested["text"])
    assert lin.packet(waiting.case)["suggested_reply"] is None
    waiting.says("猫会不会做梦")
    assert lin.packet(waiting.case)["suggested_reply"] is None


def test_a_stranger_is_no_customer_and_traditional_stays_traditional(
    new_customer: Callable[..., Customer], lin: Agent
) -> None:
    stranger = new_customer(None)
    stranger.says("請問怎麼退貨，我要轉人工")
    packet = lin.packet(stranger.case)
    assert (packet["customer"], packet["script"]) == (None, "traditional")
    assert packet["transcript"][0]["text"] == "請問怎麼退貨，我要轉人工"
