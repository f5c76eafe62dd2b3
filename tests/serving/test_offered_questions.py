"""Questions that were offered as a numbered list, and which of them the next message picks."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import pytest

from serving.dialogue.assistant import Assistant
from serving.dialogue.reply import Reply


@pytest.mark.parametrize("said", ["2", "②", "第二个", "第二个吧", "no. 2", "最后一个"])
def test_a_place_picks_an_offered_question(assistant: Assistant, said: str) -> None:
    assert _after_an_offer(assistant, said).sources == ["faq:ship_days:zh"]


@pytest.mark.parametrize("said", ["3", "第二个订单到哪了", "两个", "不是第二个"])
def test_other_words_pick_none(assistant: Assistant, said: str) -> None:
    assert not {"faq:ship_when:zh", "faq:ship_days:zh"} & set(_after_an_offer(assistant, said).sources)


@pytest.mark.parametrize(("said", "picks"), [("是的", True), ("对", True), ("1", True), ("不是", False), ("2", False)])
def test_a_yes_picks_a_question_that_was_offered_alone(assistant: Assistant, said: str, picks: bool) -> None:
    assert ("faq:ship_when:zh" in _after_an_offer(assistant, said, ["下单后多久发货？"]).sources) == picks


def test_a_yes_picks_none_of_two(assistant: Assistant) -> None:
    assert not {"faq:ship_when:zh", "faq:ship_days:zh"} & set(_after_an_offer(assistant, "是的").sources)


def _after_an_offer(
    assistant: Assistant, said: str, offered: Sequence[str] = ("下单后多久发货？", "发货后几天能到？")
) -> Reply:
    name = uuid4().hex
    assistant.reply(name, "C1001", "你好")
    session = assistant.sessions.load(name, "C1001")
    session.questions = list(offered)
    assistant.sessions.save(session)
    return assistant.reply(name, "C1001", said)
