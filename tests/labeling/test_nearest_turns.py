"""The nearest reviewed turns as an opinion (benchmarks/labeling): out of fold, only where the labeler doubts."""

from functools import cache

import numpy as np
import pytest

from benchmarks.labeling.nearest_turns import BLOCK, Neighbours, measure
from data.labeling.labeler import OutOfFoldPrediction, arrays
from kefu.intents.classifier import class_names
from kefu.schema import TurnKey
from tests.labeling.test_autolabel import DIALOGUES, labeler
from tests.labeling.test_judge_stage import NOISY, learned

BY_ID = {dialogue.id: dialogue for dialogue in (*DIALOGUES, *NOISY)}


@cache
def among(max_confidence: float = 1.01) -> tuple[Neighbours, list[OutOfFoldPrediction]]:
    folder, judged = labeler()
    return Neighbours.from_reviewed(folder, (), judged, BY_ID, 8, max_confidence), judged


def asked(judged: list[OutOfFoldPrediction], neighbours: Neighbours) -> tuple[list[TurnKey], np.ndarray]:
    found = neighbours.opinions(arrays(judged)[0], [j.key for j in judged], BY_ID)
    return list(found), np.stack(list(found.values()))


def test_alike_turns_mostly_mean_the_same() -> None:
    neighbours, judged = among()
    turns, opinions = asked(judged, neighbours)
    assert turns == [j.key for j in judged] and len(turns) > BLOCK
    assert opinions.sum(axis=1) == pytest.approx(1) and (opinions > 0).all()
    truth = [class_names(labeler()[0]).index(j.intent) for j in judged]
    assert (opinions.argmax(axis=1) == truth).mean() > 0.8


def test_a_turn_never_hears_of_its_own_dialogue() -> None:
    neighbours, judged = among()
    name = judged[0].dialogue_id
    wrong = [j.model_copy(update={"intent": "thanks"}) if j.dialogue_id == name else j for j in judged]
    lied_to = Neighbours.from_reviewed(labeler()[0], (), wrong, BY_ID, 8, 1.01)
    own = [row for row, j in enumerate(judged) if j.dialogue_id == name]
    honest, lies = asked(judged, neighbours)[1], asked(judged, lied_to)[1]
    assert (honest[own].argmax(axis=1) == lies[own].argmax(axis=1)).all()
    assert np.abs(honest[own] - lies[own]).max() < 0.01  # only how often each intent is named has changed
    others = [row for row in range(len(judged)) if row not in own]
    assert np.abs(honest[others] - lies[others]).max() > 0.05  # others hear the lie


def test_only_what_the_labeler_doubts_is_looked_up() -> None:
    folder, judged = learned()
    doubt = float(np.median(arrays(judged)[0]))
    neighbours = Neighbours.from_reviewed(folder, (), judged, BY_ID, 8, doubt)
    turns, _ = asked(judged, neighbours)
    assert turns == [j.key for j in judged if j.confidence < doubt] and 0 < len(turns) < len(judged)
    assert neighbours.opinions(np.ones(3), [TurnKey("not looked at", n) for n in range(3)], {}) == {}


def test_a_turn_is_told_the_same_in_any_company() -> None:
    neighbours, judged = among()
    alone = [asked([j], neighbours)[1][0] for j in judged[:5]]
    assert np.array_equal(np.stack(alone), asked(judged, neighbours)[1][:5])


def test_they_are_weighed_like_the_judge() -> None:
    """Every third reviewer's word is noise here: neighbours do no harm."""
    folder, judged = learned()
    alone, combined = measure(folder, (), judged, BY_ID)
    assert alone == arrays(judged)[1].mean()
    assert combined > alone - 0.03
