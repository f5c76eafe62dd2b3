"""What a real model is asked: questions of the measuring side, in batches that compute their common beginning once."""

from benchmarks.real_model.grounded import draw_questions
from benchmarks.real_model.writer import common_beginning
from kefu.split import labelled_side
from tests.fixtures.demo_pack import PACK


def test_only_the_measuring_side_is_asked() -> None:
    asked = [question.id for question in draw_questions(PACK, 40, seed=7)]
    assert len(asked) == 40 and {labelled_side(say) for say in asked} == {"measure"}


def test_each_prompt_keeps_a_last_token_of_its_own() -> None:
    assert common_beginning([[1, 2, 3, 4], [1, 2, 5]]) == [1, 2]
    assert common_beginning([[1, 2, 3], [1, 2, 3]]) == [1, 2]
    assert common_beginning([[1, 2, 3]]) == [1, 2]
