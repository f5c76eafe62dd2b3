"""Rows that teach acts: asked as serving asks, written as serving reads, and nothing of the side that measures."""

from __future__ import annotations

from pathlib import Path

import pytest
from llguidance import LLMatcher, LLTokenizer

from data.sets.from_pack.acts import TaughtMessage, acts_examples, drawn_messages, prompts_taught
from kefu.errors import Unusable
from kefu.llm.acts_format import acts_grammar, parse
from kefu.llm.taught_acts import save_taught_prompts, taught_languages, were_taught
from kefu.paths import ROOT
from kefu.privacy.redact import Redactor
from kefu.schema import Example
from kefu.shop.pack import load_pack
from kefu.shop.part import LANGUAGES
from kefu.shop.wordings.labelled import load_wordings
from kefu.split import labelled_side
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.model_reader import acts_prompt
from serving.sessions.session import SaidTurn, Session

PACK = load_pack(ROOT / "shop")
ROWS = 1500


@pytest.fixture(scope="module")
def drawn() -> list[TaughtMessage]:
    return drawn_messages(PACK, ROWS, seed=7)


@pytest.fixture(scope="module")
def rows() -> list[Example]:
    return acts_examples(PACK, ROWS, seed=7)


def test_nothing_of_the_measuring_side_is_taught(rows: list[Example]) -> None:
    redactor = Redactor(PACK.shop.pii)
    sides = {
        side: {redactor.redact(w.say, {}) for w in load_wordings(PACK) if labelled_side(w.say) == side}
        for side in ("learn", "measure")
    }
    said = {row.messages[-2].content for row in rows}
    assert len(said & sides["learn"]) > 1000
    assert not said & (sides["measure"] - sides["learn"])


def test_a_row_asks_byte_for_byte_what_the_model_reader_asks(drawn: list[TaughtMessage], rows: list[Example]) -> None:
    flows = {flow.name: flow for flow in PACK.flows}
    places = set[bool]()
    for one, row in zip(drawn, rows, strict=True):
        session = Session(id="s", customer="C1001", lang=one.lang)
        if one.last_answer:
            session.turns = [SaidTurn(role="customer", text="hi"), SaidTurn(role="bot", text=one.last_answer)]
        message = Message(one.text, one.lang, "", session, lambda value: value, list)
        if one.open_question:
            flow, slot = one.open_question.split()
            message.flow = flows[flow]
            message.step = next(step for step in flows[flow].steps if step.collect == slot)
        assert tuple(acts_prompt(PACK, message)) == row.messages[:-1]
        places.add(bool(one.open_question))
    assert places == {True, False}


def test_a_prompt_that_was_changed_is_not_one_that_was_taught(rows: list[Example], tmp_path: Path) -> None:
    save_taught_prompts(tmp_path, prompts_taught(rows))
    assert were_taught(tmp_path) and taught_languages(tmp_path, PACK) == LANGUAGES
    acts = PACK.prompts["acts"]
    other = acts.model_copy(update={"zh": f"{acts.zh}！"})
    assert taught_languages(tmp_path, PACK.model_copy(update={"prompts": {"acts": other}})) == ("en",)


def test_a_release_that_was_taught_answers_alone_says_so(rows: list[Example], tmp_path: Path) -> None:
    answers = rows[0].model_copy(update={"intent": "return"})
    save_taught_prompts(tmp_path, prompts_taught([answers, rows[1].model_copy(update={"split": "eval"})]))
    assert not were_taught(tmp_path) and taught_languages(tmp_path, PACK) == ()


def test_what_is_taught_stands_in_the_packs_grammar(rows: list[Example]) -> None:
    tokenizer, grammar = LLTokenizer("byte"), acts_grammar(PACK)
    for row in rows[:250]:  # each act of the pack
        matcher, ids = LLMatcher(tokenizer, grammar), tokenizer.tokenize_str(row.messages[-1].content)
        assert matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting(), row.messages[-1].content
    assert all(parse(row.messages[-1].content) for row in rows)


def test_each_act_is_taught_before_one_is_taught_twice(rows: list[Example]) -> None:
    firsts = [row.messages[-1].content.split("\n")[0] for row in rows[:120]]
    acts = {" ".join(line.split("=")[0].split(" ")[:2]) for line in firsts if not line.startswith("ask")}
    assert {"start return", "query my_points", "person", "outofscope"} <= acts
    assert len(set(firsts)) > 0.9 * len(firsts)


def test_a_pack_without_the_prompt_is_told_what_to_do() -> None:
    bare = PACK.model_copy(update={"prompts": {"answer": PACK.prompts["answer"]}})
    with pytest.raises(Unusable, match="no prompt `acts`: write one, or set build.acts_share to 0"):
        acts_examples(bare, 1, seed=7)
    assert acts_examples(bare, 0, seed=7) == []
