"""What a real model is asked: questions of the measuring side, in batches that compute their common beginning once."""

import pytest

from benchmarks.knowledge.__main__ import QUESTIONS
from benchmarks.real_model.answer_bound import Case, draw_evenly, outcome
from benchmarks.real_model.grounded import Asked, draw_questions, example_of, is_refusal, read_questions
from benchmarks.real_model.judge import known_pairs
from benchmarks.real_model.teach import counts
from benchmarks.real_model.writer import common_beginning
from data.sets.from_pack.answers import Question, refusal
from kefu.shop.part import Lang
from kefu.shop.wordings.labelled import OUTSIDE, UNANSWERED
from kefu.split import labelled_side
from kefu.text.placeholders import PLACEHOLDER
from pipelines.params import load_params
from tests.fixtures.demo_pack import PACK


def test_only_the_measuring_side_is_asked() -> None:
    asked = draw_questions(PACK, 40, 20, seed=7)
    assert len(asked) == 60 and sum(not one.right for one in asked) == 20
    sides = [labelled_side(one.example.id) for one in asked if not PLACEHOLDER.search(one.example.id)]
    assert len(sides) > 50 and set(sides) == {"measure"}


def test_questions_of_a_file_keep_the_answers_of_their_entries() -> None:
    asked = read_questions(QUESTIONS, PACK, 16, 4)
    answers = {faq.answer.zh for faq in PACK.faq}
    assert len(asked) == 20 and [bool(one.right) for one in asked] == [True] * 16 + [False] * 4
    assert {answer for one in asked for answer in one.right} <= answers


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("label", [UNANSWERED, OUTSIDE])
def test_what_the_pack_refuses_with_counts_as_refused(lang: Lang, label: str) -> None:
    assert is_refusal(refusal(PACK, Question("?", lang, label)), grounded=True)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_answer_to_what_nothing_answers_is_wrong_and_a_refusal_is_not(lang: Lang) -> None:
    answer = next(faq.answer.in_(lang) for faq in PACK.faq if faq.id == "offer_combine")
    assert outcome(answer, [answer]) == "right"
    assert outcome(answer, [faq.answer.in_(lang) for faq in PACK.faq if faq.id == "ship_fee"]) == "wrong"
    assert outcome(answer, []) == "wrong"
    assert outcome(refusal(PACK, Question("?", lang, UNANSWERED)), [answer]) == "refused"
    assert outcome("", [answer]) == "silent"


def test_what_is_drawn_of_a_band_stands_for_all_of_it() -> None:
    cases = [Case(Asked(example_of(str(n)), ()), (n * n) / 500_000) for n in range(500)]  # most are improbable
    drawn = draw_evenly(cases, 30, seed=7)
    for band in range(5):
        own = [case for case in drawn if case.band == band]
        assert len(own) == 30
        assert sum(case.weight for case in own) == pytest.approx(sum(case.band == band for case in cases))


def test_the_profiles_shares_part_the_rows() -> None:
    assert counts(8000, load_params(profile="local").build) == (6000, 2000)


def test_each_prompt_keeps_a_last_token_of_its_own() -> None:
    assert common_beginning([[1, 2, 3, 4], [1, 2, 5]]) == [1, 2]
    assert common_beginning([[1, 2, 3], [1, 2, 3]]) == [1, 2]
    assert common_beginning([[1, 2, 3]]) == [1, 2]


def test_the_better_answer_of_a_judged_pair_stands_in_its_prompt() -> None:
    pairs = known_pairs(PACK, 5, seed=7)
    assert {kind: len(some) for kind, some in pairs.items()} == {"another question": 5, "one number": 5, "silence": 5}
    for pair in (pair for some in pairs.values() for pair in some):
        assert pair.chosen[0].content in pair.prompt[0].content
        assert pair.rejected[0].content not in pair.prompt[0].content or pair.id.startswith("another question")
