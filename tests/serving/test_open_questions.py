"""What a message says to an open question: no, stop, wait and a person in many words; a yes only where it is meant."""

from __future__ import annotations

import pytest

from benchmarks.wordings.answers import Case, is_read, read
from kefu.shop.wordings.labelled import Wording
from serving.dialogue.assistant import Assistant

RETURN = ("return", "confirm_paid", "退款 119.00 元，另扣 10 元取件费。确认提交退货申请吗？")
RETURN_EN = ("return", "confirm_paid", "You get 109.00 yuan back. Shall I submit the return?")
EXCHANGE = ("exchange", "confirm", "换成“灰色”，10 元取件费由您承担。确认提交吗？")
CANCEL = ("cancel", "confirm_paid", "订单还没发货，可以取消，139.00 元将原路退回。确认取消吗？")
HURRY = ("parcel", "delayed", "预计 2026-11-18 送达。需要我现在帮您催一下速羽快递吗？")
REASON = ("return", "ask_reason", "请问退货原因是什么呢？")
TITLE = ("invoice", "ask_title", "请问发票抬头写什么？")


def moves_of(assistant: Assistant, question: tuple[str, str, str], say: str) -> set[str]:
    flow, step, after = question
    wording = Wording(say=say, acts=("reply",), after=after)
    return read(assistant, Case(wording, flow, step), assistant.pack.shop.demo_customers[0])


@pytest.mark.parametrize(
    ("question", "say"),
    [(EXCHANGE, say) for say in ("好的，要蓝色的", "行，要高的", "确认，要高的", "换吧，要绿色", "提交，换成绿的")]
    + [(RETURN, say) for say in ("好吧，留着用", "确认，留着吧", "行吧，算你狠", "提交，退两个吧", "退，换个新的")]
    + [(RETURN, say) for say in ("好的，知道了", "好，什么意思", "行，我问问我老婆", "是，但别退", "提交，别扣我运费")]
    + [(RETURN_EN, say) for say in ("fine, I keep it", "yes, but later", "ok, how much is it", "yes, only one")]
    + [(CANCEL, say) for say in ("取消，毯子那单", "嗯，改地址就行", "行，那不取消了", "对，改地址")],
)
def test_a_yes_that_changes_what_was_asked_confirms_nothing(
    assistant: Assistant, question: tuple[str, str, str], say: str
) -> None:
    assert "yes" not in moves_of(assistant, question, say)


@pytest.mark.parametrize(
    ("question", "say"),
    [(HURRY, say) for say in ("催！急死了", "对，赶紧催", "YES. I said yes. hurry it")]
    + [(RETURN, say) for say in ("行，那确认吧", "确认，什么时候来取件", "可以，快点弄", "提交吧 谢谢")]
    + [(RETURN_EN, "yes please, when will they come"), (CANCEL, "对，取消。券会退吗")],
)
def test_a_yes_counts_beside_haste_anger_and_questions(
    assistant: Assistant, question: tuple[str, str, str], say: str
) -> None:
    assert is_read("yes", moves_of(assistant, question, say))


@pytest.mark.parametrize(
    ("question", "say"),
    [(RETURN, say) for say in ("我没说要退", "不退啦 浪费时间", "先别退了，我再用用")]
    + [(EXCHANGE, say) for say in ("不换了，取消", "没有大号就别提交了，先不换", "取消")]
    + [(RETURN_EN, say) for say in ("forget about it, i'll keep the thing", "I'm not returning it, I only asked")]
    + [(REASON, "说来话长，不退了"), (TITLE, "不开发票了"), (HURRY, "不用催了，我等着"), (CANCEL, "千万别取消！")],
)
def test_a_refusal_ends_what_is_open(assistant: Assistant, question: tuple[str, str, str], say: str) -> None:
    moves = moves_of(assistant, question, say)
    assert is_read("leave", moves)
    assert "begins" not in moves


@pytest.mark.parametrize("question", [RETURN, REASON, TITLE, HURRY])
@pytest.mark.parametrize("say", ["give me a human", "HUMAN. agent. now", "叫个真人来，你听不懂"])
def test_a_person_is_heard_at_every_question(assistant: Assistant, question: tuple[str, str, str], say: str) -> None:
    assert "person" in moves_of(assistant, question, say)


def test_a_bare_cancel_in_the_cancelling_of_an_order_is_its_yes(assistant: Assistant) -> None:
    assert moves_of(assistant, CANCEL, "取消") == {"yes"}
    assert "leave" not in moves_of(assistant, ("cancel", "ask_reason", "方便说一下取消的原因吗？"), "取消")


@pytest.mark.parametrize("say", ["不退枕头，退毯子", "能不退吗", "怎么还不退款", "如果不退会怎样", "只退锅，别的不退"])
def test_words_of_denial_that_refuse_nothing_end_nothing(assistant: Assistant, say: str) -> None:
    assert not is_read("leave", moves_of(assistant, ("return", "ask_order", "请问是哪一笔订单？"), say))


def test_a_refused_flow_begins_again_by_plain_words_alone(assistant: Assistant) -> None:
    session, customer = "refused", assistant.pack.shop.demo_customers[0]
    assert assistant.reply(session, customer, "我要退货").flow == "return"
    assert assistant.reply(session, customer, "我没要退货，别退").outcome == "abandoned"
    assert assistant.reply(session, customer, "太硬了，睡不惯").flow != "return"
    assert assistant.reply(session, customer, "好吧，我要退货").flow == "return"
