"""The answer classifier on the demo pack's wordings: trained on one side, better than rules on the other."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from kefu.intents.answers import ANSWERS, OTHER, PERSON, YES, YES_TOO, AnswerClassifier, answer_class
from pipelines.params import load_params
from tests.fixtures import micro
from tests.fixtures.demo_pack import PACK
from training.intents.answers import answers_of, measure_answers, train_answers

PARAMS = load_params()


@cache
def classifier() -> AnswerClassifier:
    return AnswerClassifier.load(micro.shared() / "router" / ANSWERS)


def test_it_reads_the_side_that_it_did_not_learn_from() -> None:
    quality = measure_answers(classifier(), answers_of(PACK, "measure"))
    assert quality["answer_accuracy"] > 0.7  # four in ten are questions and wishes, the greatest class
    assert quality["answer_ece"] < 0.1


def test_a_yes_with_company_is_another_class_than_a_yes_alone() -> None:
    assert answer_class(["yes", "talk:thanks"]) == YES
    assert answer_class(["yes", "ask:refund_time"]) == answer_class(["yes", "complaint"]) == YES_TOO
    assert answer_class(["no", "person"]) == PERSON
    assert answer_class(["ask:ship_fee"]) == OTHER


def test_a_pack_without_wordings_trains_none() -> None:
    folder = Path(mkdtemp())
    bare = PACK.model_copy(update={"folder": folder})
    assert not train_answers(bare, PARAMS.router, folder / ANSWERS)
    assert not (folder / ANSWERS).exists()
