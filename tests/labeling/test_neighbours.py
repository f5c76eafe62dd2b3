"""The nearest reviewed turns as a source: out of fold, only where the labeler doubts, the same however it is asked."""

import pickle
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from data.labeling.autolabel import write_labels
from data.labeling.labeler import Judged, arrays
from data.labeling.opinions.combine import SecondOpinion, listen
from data.labeling.opinions.nearest_turns import BLOCK, Neighbours
from data.labeling.stream import labelled
from kefu.intents.classifier import class_names
from tests.labeling.test_autolabel import AUTOLABEL, DIALOGUES, labeler, run
from tests.labeling.test_judge_stage import NOISY, learned

BY_ID = {dialogue.id: dialogue for dialogue in (*DIALOGUES, *NOISY)}
PARAMS = AUTOLABEL.model_copy(update={"neighbours": 8, "neighbours_below": 0.95})


@cache
def source(below: float = 1.01) -> tuple[Neighbours, list[Judged]]:
    folder, judged = labeler()
    params = PARAMS.model_copy(update={"neighbours_below": below})
    return Neighbours.of(folder, (), judged, BY_ID, params), judged


def asked(judged: list[Judged], among: Neighbours) -> tuple[list[int], np.ndarray]:
    return among(arrays(judged)[0], [(j.dialogue_id, j.turn) for j in judged], BY_ID)


def test_alike_turns_mostly_mean_the_same() -> None:
    among, judged = source()
    rows, said = asked(judged, among)
    assert rows == list(range(len(judged))) and len(rows) > BLOCK
    assert said.sum(axis=1) == pytest.approx(1) and (said > 0).all()
    truth = [class_names(labeler()[0]).index(j.intent) for j in judged]
    assert (said.argmax(axis=1) == truth).mean() > 0.8


def test_a_turn_never_hears_of_its_own_dialogue() -> None:
    among, judged = source()
    name = judged[0].dialogue_id
    wrong = [j.model_copy(update={"intent": "thanks"}) if j.dialogue_id == name else j for j in judged]
    lied_to = Neighbours.of(labeler()[0], (), wrong, BY_ID, PARAMS.model_copy(update={"neighbours_below": 1.01}))
    own = [row for row, j in enumerate(judged) if j.dialogue_id == name]
    heard, lies = asked(judged, among)[1], asked(judged, lied_to)[1]
    assert (heard[own].argmax(axis=1) == lies[own].argmax(axis=1)).all()
    assert np.abs(heard[own] - lies[own]).max() < 0.01  # only how often each intent is named has changed
    others = [row for row in range(len(judged)) if row not in own]
    assert np.abs(heard[others] - lies[others]).max() > 0.05  # the lie is heard by others


def test_only_what_the_labeler_doubts_is_looked_up() -> None:
    among, judged = source(0.9)
    rows, said = asked(judged, among)
    assert rows == [row for row, j in enumerate(judged) if j.confidence < 0.9]
    assert len(said) == len(rows) < len(judged)
    nothing, none = among(np.ones(3), [("not looked at", 0)] * 3, {})
    assert (nothing, none.shape) == ([], (0, len(class_names(labeler()[0]))))


def test_a_turn_is_told_the_same_in_any_company() -> None:
    among, judged = source()
    alone = [asked([j], among)[1][0] for j in judged[:5]]
    assert np.array_equal(np.stack(alone), asked(judged, among)[1][:5])


def heard() -> tuple[list[Judged], SecondOpinion]:
    folder, judged = learned()
    among = Neighbours.of(folder, (), judged, BY_ID, PARAMS)
    result, second = listen(judged, [among], class_names(folder), BY_ID)
    assert second is not None
    return result, second


def test_they_are_weighed_and_new_turns_hear_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in a worker, which gets a copy, and whatever the batches are."""
    result, second = heard()
    assert second.heard[0].pool.second > 0  # every third reviewer's word is noise here: many voices help
    assert arrays(result)[1].mean() > arrays(learned()[1])[1].mean() - 0.03
    made = run(tmp_path / "plain")
    recipe = type(made.recipe)(**{**vars(made.recipe), "labeler": learned()[0], "second_opinion": second})
    copied = pickle.loads(pickle.dumps(recipe))  # noqa: S301 - our own bytes, as a worker gets them
    for name, batch, own in (("one", 512, recipe), ("two", 7, copied)):
        monkeypatch.setattr("data.labeling.stream.BATCH", batch)
        (tmp_path / name).mkdir()
        write_labels(labelled(tmp_path / "plain/store", own, 1), tmp_path / name)
    for file in ("accepted.jsonl", "audited.jsonl"):
        said = (tmp_path / "one" / file).read_bytes()
        assert said == (tmp_path / "two" / file).read_bytes()
        assert said != (tmp_path / "plain" / file).read_bytes()
