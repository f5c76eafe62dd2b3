"""Rows that teach to answer from what is shown, and to refuse: as serving asks, nothing of the side that measures."""

from __future__ import annotations

import pytest

from data.sets.from_pack.answers import PACK_ANSWERS, REFUSED_SHARE, pack_answers, pack_questions, rows_taught
from data.sets.params import Build
from data.sets.prompts import NearestKnowledge
from kefu.errors import Unusable
from kefu.schema import Example
from pipelines.params import load_params
from tests.fixtures.demo_pack import PACK

ROWS = 600


@pytest.fixture(scope="module")
def nearest() -> NearestKnowledge:
    return NearestKnowledge(PACK)


@pytest.fixture(scope="module")
def rows(nearest: NearestKnowledge) -> list[Example]:
    return pack_answers(PACK, nearest, ROWS, seed=7)


def test_nothing_of_the_measuring_side_is_taught(rows: list[Example]) -> None:
    measured = {one.text for some in pack_questions(PACK, "measure") for one in some}
    asked = [row.messages[-2].content for row in rows]
    assert len(asked) == len(set(asked)) == ROWS and not set(asked) & measured


def test_each_answer_is_shown_but_not_always_first_or_a_refusal(rows: list[Example]) -> None:
    refusals = {words.in_(lang) for words in (PACK.conversation.out_of_scope,) for lang in ("zh", "en")}
    first, known = 0, 0
    for row in rows:
        system, _, answer = (message.content for message in row.messages)
        if answer in system:
            known += 1
            first += system.index(answer) < (len(system) - len(answer)) / 2
        else:
            assert answer in refusals or ("不乱说" in answer and "人工" in answer) or 'Reply "agent"' in answer
    assert known == ROWS - round(ROWS * REFUSED_SHARE)
    assert 0.2 < first / known < 0.8


def test_each_entry_is_taught_before_one_is_taught_twice(rows: list[Example]) -> None:
    answers = [row.messages[-1].content for row in rows[round(ROWS * REFUSED_SHARE) :]]
    entries = {faq.answer.in_(lang) for faq in PACK.faq for lang in ("zh", "en")}
    assert len(set(answers)) >= min(len(entries), len(answers)) * 0.9


def test_the_manifest_counts_them_apart(rows: list[Example]) -> None:
    acts = rows[0].model_copy(update={"intent": "acts"})
    held_out = rows[0].model_copy(update={"split": "eval"})
    assert rows_taught([*rows, acts, held_out]) == {PACK_ANSWERS: ROWS, "acts": 1}


def test_a_pack_without_words_to_refuse_with_is_told_what_to_do(nearest: NearestKnowledge) -> None:
    silent = PACK.model_copy(update={"conversation": PACK.conversation.model_copy(update={"no_answer": None})})
    with pytest.raises(Unusable, match=r"no `no_answer`: write it, or set build.pack_answers_share to 0"):
        pack_answers(silent, nearest, 1, seed=7)
    assert pack_answers(silent, nearest, 0, seed=7) == []


def test_shares_that_leave_no_room_for_conversations_are_refused() -> None:
    shares = {"acts_share": 0.5, "pack_answers_share": 0.5}
    with pytest.raises(ValueError, match="leave no room for conversations"):
        Build.model_validate(load_params().build.model_dump() | shares)
