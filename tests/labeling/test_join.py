"""Customers on whom the router is measured teach the labeler nothing, and are evidence all the same."""

from pathlib import Path

from data.labeling.join import LabelledTurn, join_intents, split_held_out
from data.labeling.labeler import OUT_OF_FOLD, OutOfFoldPrediction, arrays, train_labeler
from kefu.io import read_jsonl
from kefu.split import split_of
from pipelines.params import load_params
from tests.fixtures.chatter import ASKED, chatter
from tests.labeling.test_autolabel import LABELER

BUILD = load_params().build.model_copy(update={"eval_share": 0.3})
DIALOGUES, LABELS = chatter(120, seed=4)
TURNS = join_intents(
    LABELS, {d.id: d.model_copy(update={"customer": f"customer {d.id}"}) for d in DIALOGUES}, ASKED
).turns


def side(turn: LabelledTurn) -> str:
    return split_of(turn.dialogue.customer, BUILD.eval_share, BUILD.seed)


def files(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("classifier.json", "classifier.safetensors")]


def test_no_dialogue_is_on_both_sides_and_nobody_held_out_teaches() -> None:
    taught, apart = split_held_out(TURNS, BUILD.eval_share, BUILD.seed)
    assert len(taught) + len(apart) == len(TURNS) and min(len(taught), len(apart)) > 30
    assert {side(turn) for turn in taught} == {"train"} and {side(turn) for turn in apart} == {"eval"}


def test_an_intent_that_only_they_show_is_taught() -> None:
    only = next(turn for turn in TURNS if side(turn) == "eval")
    label = only.label.model_copy(update={"value": "rare"})
    turns = [LabelledTurn(only.dialogue, only.index, label) if turn is only else turn for turn in TURNS]
    taught, apart = split_held_out(turns, BUILD.eval_share, BUILD.seed)
    assert "rare" in {turn.label.value for turn in taught}
    assert {t.dialogue.id for t in taught if side(t) == "eval"} == {only.dialogue.id}
    assert not {t.dialogue.id for t in taught} & {t.dialogue.id for t in apart}


def test_the_model_is_the_same_whatever_their_labels_say(tmp_path: Path) -> None:
    taught, apart = split_held_out(TURNS, BUILD.eval_share, BUILD.seed)
    known = sorted({turn.label.value for turn in taught})
    lies = [
        LabelledTurn(t.dialogue, t.index, t.label.model_copy(update={"value": known[known.index(t.label.value) - 1]}))
        for t in apart
    ]
    told = train_labeler(taught, (), LABELER, tmp_path / "truth", apart=apart)
    lied = train_labeler(taught, (), LABELER, tmp_path / "lies", apart=lies)
    assert files(tmp_path / "truth") == files(tmp_path / "lies")
    assert [(j.predicted, j.probabilities) for j in told] == [(j.predicted, j.probabilities) for j in lied]
    everybody = train_labeler(TURNS, (), LABELER, tmp_path / "everybody")
    assert files(tmp_path / "everybody") != files(tmp_path / "truth")
    assert [(j.dialogue_id, j.turn) for j in told] == [(j.dialogue_id, j.turn) for j in everybody]
    assert list(read_jsonl(tmp_path / "truth" / OUT_OF_FOLD, OutOfFoldPrediction)) == told


def test_they_are_judged_as_well_as_the_others(tmp_path: Path) -> None:
    taught, apart = split_held_out(TURNS, BUILD.eval_share, BUILD.seed)
    judged = train_labeler(taught, (), LABELER, tmp_path, apart=apart)
    held = [j for j in judged if not j.taught]
    assert {(j.dialogue_id, j.turn) for j in held} == {(t.dialogue.id, t.index) for t in apart}
    assert arrays(held)[1].mean() > 0.8
