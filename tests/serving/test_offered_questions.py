"""Questions that were offered as a numbered list, and which of them the next message picks."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from uuid import uuid4

import pytest

from kefu.acts import Unclear
from kefu.intents.router import ScoredIntent
from kefu.knowledge.index import Hit, KnowledgeEntry
from serving.dialogue.assistant import Assistant
from serving.dialogue.reading.message import Reading
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


@pytest.mark.parametrize("names", [("ship_when",), ("ship_when", "ship_days")])
def test_entries_that_may_be_meant_are_told_as_that(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    entries = [_entry(n) for n in names]
    ids = tuple(entry.id for entry in entries)
    hits = {entry.id: Hit(entry, 1.0, 0.6) for entry in entries}
    reading = Reading([Unclear(candidates=ids, asks=True)], ScoredIntent("other", 0.1), hits)
    monkeypatch.setattr(assistant, "_reader", SimpleNamespace(read=lambda message: reading))
    reply = assistant.reply(uuid4().hex, "C1001", "这个怎么说")
    assert all(f"“问题{n}？”：答案{n}。" in reply.text for n in names)
    assert tuple(reply.sources) == ids
    assert "人工" in reply.text and not reply.options


def test_a_yes_to_the_offer_of_a_person_asks_for_one(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    name, reader = uuid4().hex, assistant._reader
    reading = Reading([Unclear(asks=True, skus=("CW-301",))], ScoredIntent("other", 0.1))
    with monkeypatch.context() as patch:
        patch.setattr(assistant, "_reader", SimpleNamespace(read=lambda message: reading))
        patch.setattr(assistant._responder._answers._model, "stream", lambda turn: iter(()))
        said = assistant.reply(name, "C1001", "锅可以当帽子戴吗")
    assert "铸铁珐琅锅" in said.text and "429" not in said.text
    assert assistant._reader is reader
    assert assistant.reply(name, "C1001", "好的").outcome == "handoff"


@pytest.mark.parametrize(("said", "flow"), [("1", "exchange"), ("第二个", "return"), ("退货", "return")])
def test_of_two_wishes_that_were_offered_one_begins(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, said: str, flow: str
) -> None:
    name = uuid4().hex
    reading = Reading([Unclear(flows=("exchange", "return"))], ScoredIntent("other", 0.1))
    with monkeypatch.context() as patch:
        patch.setattr(assistant, "_reader", SimpleNamespace(read=lambda message: reading))
        asked = assistant.reply(name, "C1001", "羽绒枕这单怎么弄")
    assert asked.options == ["换货", "退货"] and asked.flow is None
    assert assistant.reply(name, "C1001", said).flow == flow


def _entry(name: str) -> KnowledgeEntry:
    return KnowledgeEntry(
        id=f"faq:{name}:zh", kind="faq", intent=None, lang="zh", question=f"问题{name}？", answer=f"答案{name}。"
    )


def _after_an_offer(
    assistant: Assistant, said: str, offered: Sequence[str] = ("下单后多久发货？", "发货后几天能到？")
) -> Reply:
    name = uuid4().hex
    assistant.reply(name, "C1001", "你好")
    session = assistant.sessions.load(name, "C1001")
    session.questions = list(offered)
    assistant.sessions.save(session)
    return assistant.reply(name, "C1001", said)
