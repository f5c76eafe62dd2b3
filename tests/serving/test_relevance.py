"""A model's words go out only where the passages that they are told from probably answer the question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from kefu.knowledge.entries import questions
from kefu.knowledge.index import Hit, Index
from kefu.knowledge.search import Search
from kefu.schema import Message
from kefu.shop.part import Lang
from pipelines.params import load_params
from serving.dialogue.assistant import Assistant
from serving.dialogue.output_guard import OutputGuard
from serving.knowledge.relevance import Relevance
from serving.knowledge.static import StaticKnowledge
from tests.fixtures.demo_pack import PACK

LEAST = load_params().serving.answer_min_probability
COUPONS = next(faq.answer for faq in PACK.faq if faq.id == "offer_combine")
NOT_ASKED: list[tuple[Lang, str, str]] = [
    ("zh", "你们厂在几楼", COUPONS.zh),
    ("zh", "阅读灯能当投影仪用吗", COUPONS.zh),
    ("zh", "阅读灯能当投影仪用吗", "可以。"),
    ("zh", "阅读灯能当投影仪用吗", "可以。亲，您好！"),
    ("zh", "你们的羽绒是哪个国家的鸭子", "羽绒是中国鸭子。"),
    ("zh", "深色模式有吗这个软件晃眼", "是的，深色模式有。"),
    ("en", "is it true that cats dream", "I am very sorry. Could you send a photo of it and of the box?"),
    ("en", "is it true that cats dream", COUPONS.en),
]
ASKED: list[tuple[Lang, str, str]] = [
    ("zh", "优惠券和满减能一起用吗", COUPONS.zh),
    ("zh", "邮费咋算", "运费是满99元包邮，不满收8元。"),
    ("zh", "邮费咋算", "亲，您好！运费是满99元包邮，不满收8元。"),
]


@pytest.fixture(scope="module")
def knowledge(release: Path) -> Iterator[StaticKnowledge]:
    opened = StaticKnowledge(Search(Index.load(release / "retriever")), questions(PACK))
    yield opened
    opened.close()


def found(knowledge: StaticKnowledge, lang: Lang, question: str) -> list[Hit]:
    return [hit for hit in knowledge.search(question, lang) if hit.entry.kind != "query"]


def said(knowledge: StaticKnowledge, lang: Lang, question: str, answer: str, least: float, everything: bool) -> str:
    """What a customer hears of an answer whose claims are all supported.

    Args:
        everything: the model was shown all entries as well as what the search found.
    """
    hits = found(knowledge, lang, question)
    shown = [hit.entry.answer for hit in hits] + ([answer] if everything else [])
    guard = OutputGuard(PACK, {}, lang, shown, question, Relevance(knowledge, hits, lang, least))
    return "".join(guard.stream([answer]))


@pytest.mark.parametrize(("lang", "question", "answer"), NOT_ASKED)
def test_an_answer_to_what_was_not_asked_is_not_said(
    knowledge: StaticKnowledge, lang: Lang, question: str, answer: str
) -> None:
    """However true it is; without the bound it is said."""
    assert said(knowledge, lang, question, answer, LEAST, everything=True) == ""
    assert said(knowledge, lang, question, answer, 0, everything=True) == answer


@pytest.mark.parametrize(("lang", "question", "answer"), ASKED)
def test_an_answer_to_the_question_is_said(knowledge: StaticKnowledge, lang: Lang, question: str, answer: str) -> None:
    assert said(knowledge, lang, question, answer, LEAST, everything=False) == answer


def test_what_comes_after_the_answer_and_answers_something_else_is_cut(knowledge: StaticKnowledge) -> None:
    answer = "运费是满99元包邮，不满收8元。"
    assert said(knowledge, "zh", "邮费咋算", answer + COUPONS.zh, LEAST, everything=True) == answer


def test_each_sentence_of_an_entry_is_told_from_it_and_nearly_all_are_told_from_few(
    knowledge: StaticKnowledge, release: Path
) -> None:
    """The measure of words knows its own sources: else no answer could ever be said."""
    entries = [entry for entry in Index.load(release / "retriever").entries if entry.kind == "faq"]
    sources = [(entry.id, knowledge.drawn_from(entry.answer, entry.lang)) for entry in entries]
    assert [name for name, ids in sources if name not in ids] == []
    assert sum(len(ids) <= 4 for _, ids in sources) > 0.95 * len(sources)


class Unasked:
    """An engine that nobody may ask."""

    name = "edge"

    def stream(self, messages: list[Message], max_new_tokens: int) -> Iterator[str]:
        raise AssertionError(messages)


def test_no_model_is_asked_where_no_passage_is_about_the_question(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = assistant._responder._answers._model
    monkeypatch.setattr(model, "_engines", {"edge": Unasked(), "centre": Unasked()})
    reply = assistant.reply(uuid4().hex, None, "猫会不会做梦")
    words = PACK.conversation
    assert words.offer_person and reply.text.endswith(words.offer_person.zh) and reply.route == "fallback"
    assert reply.sources == []
