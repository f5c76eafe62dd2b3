"""Questions that were offered as a numbered list, and which of them the next message picks."""

from __future__ import annotations

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


def _after_an_offer(assistant: Assistant, said: str) -> Reply:
    name = uuid4().hex
    assistant.reply(name, "C1001", "你好")
    session = assistant.sessions.load(name, "C1001")
    session.questions = ["下单后多久发货？", "发货后几天能到？"]
    assistant.sessions.save(session)
    return assistant.reply(name, "C1001", said)
