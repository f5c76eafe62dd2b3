"""The second pass: which neighbours it uses, that it helps, and that the router uses nothing that comes later."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from data.labeling.join import join_intents
from data.labeling.labeler import guesses, quality, train_labeler
from data.labeling.params import Labeler
from data.labeling.rule_votes import FIELD
from kefu.errors import KefuError
from kefu.intents.classifier import TextClassifier
from kefu.intents.context import NEIGHBOUR_TURNS, CustomerTurns, neighbour_features, neighbour_indices, neighbour_width
from kefu.intents.router import Router
from kefu.intents.train import FittedClassifier, fit_classifier
from kefu.intents.views import ROUTER_FIELDS, labeler_view, router_views
from kefu.io import content_hash
from kefu.paths import ROOT
from kefu.schema import Dialogue, Turn
from kefu.shop.taxonomy import load_taxonomy
from kefu.shop.wordings.examples import PackExamples, Utterance, load_pack_examples
from kefu.split import fold_of
from kefu.text import encoders
from pipelines.params import load_params
from tests.fixtures.bars import record_bars
from tests.fixtures.chatter import ASKED, chatter

FOLLOW_UPS = {"refund": "退款", "delivery": "快递"}


def test_neighbour_indices_name_the_turns_beside_and_stay_within_a_dialogue() -> None:
    found = neighbour_indices([2, 0, 3], ahead=True)
    assert found.shape == (5, 2 * NEIGHBOUR_TURNS)
    assert found[:, 0].tolist() == [-1, 0, -1, 2, 3]
    assert found[:, NEIGHBOUR_TURNS].tolist() == [1, -1, 3, 4, -1]
    assert found[4, 1] == 2
    assert (neighbour_indices([2, 3], ahead=False)[:, NEIGHBOUR_TURNS:] == -1).all()
    assert neighbour_indices([], ahead=True).shape == (0, 2 * NEIGHBOUR_TURNS)


def test_neighbour_features_have_their_width() -> None:
    opinions = np.array([[0.9, 0.1], [0.2, 0.8]])
    beside = neighbour_features(opinions, neighbour_indices([2], ahead=True))
    assert beside.shape == (2, neighbour_width(2))
    np.testing.assert_allclose(beside[1, 2:4], [0.9, 0.1], rtol=1e-6)  # one before
    np.testing.assert_allclose(beside[1, 4:6], 0)  # none two before


def follow_ups(count: int, seed: int, noise: float = 0.0) -> list[CustomerTurns]:
    """A first turn names the topic; "多久" after it is of the same topic, which its own words do not tell.

    noise: share of follow-ups of the other topic.
    """
    draw = np.random.default_rng(seed)
    runs = []
    for number in range(count):
        first, other = draw.permutation(sorted(FOLLOW_UPS))
        second = other if draw.random() < noise else first
        texts = [FOLLOW_UPS[first] + "ab"[number % 2], "多久"]
        runs.append(CustomerTurns(f"d{number}", [{"text": text} for text in texts], [str(first), str(second)]))
    return runs


def fitted_two_passes(runs: list[CustomerTurns], **options: Any) -> FittedClassifier:
    shape: dict[str, Any] = {"fields": {"text": 1.0}, "features": 1024, "ngrams": (1, 4), "encoder": "none"}
    return fit_classifier(runs, **shape, regularization=1.0, context_turns=0, ahead=False, folds=4, seed=7, **options)


def test_the_bar_ends_when_all_models_are_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = record_bars(monkeypatch, "kefu.intents.train")
    runs = follow_ups(40, seed=1)
    fitted_two_passes([CustomerTurns(run.group, run.samples, [None, None]) for run in runs[:5]] + runs[5:])
    (bar,) = bars
    assert bar.done == bar.total == 4 * 5 / 2 + 4 + 2


def test_enough_turns_of_one_fold_calibrate_the_same_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runs = follow_ups(600, seed=1, noise=0.3)
    bars = record_bars(monkeypatch, "kefu.intents.train")
    whole, part = fitted_two_passes(runs), fitted_two_passes(runs, calibration_turns=60)
    assert [bar.done for bar in bars] == [bar.total for bar in bars] == [4 * 5 / 2 + 4 + 2, 4 + 3 + 1 + 2]
    folds = Counter(fold_of(run.group, 4, 7) for run in runs)
    assert len(part.probabilities) == 2 * folds[0] < len(whole.probabilities) == 1200
    whole.classifier.save(tmp_path / "whole")
    part.classifier.save(tmp_path / "part")
    saved, other = (load_file(tmp_path / name / "classifier.safetensors") for name in ("whole", "part"))
    assert all(np.array_equal(saved[name], other[name]) for name in ("rows", "both", "intercepts"))
    asked = [run.samples for run in follow_ups(40, seed=2)]
    sure, other_sure = (one.classifier.predict_dialogues(asked).max(axis=1) for one in (whole, part))
    assert other_sure.mean() == pytest.approx(sure.mean(), abs=0.08)


def test_one_pass_learns_from_no_neighbour_and_is_calibrated_on_dialogues_it_never_saw(tmp_path: Path) -> None:
    runs = follow_ups(200, seed=1)
    fitted = fitted_two_passes(runs, second_pass=False)
    truth = np.searchsorted(fitted.classifier.config.classes, [str(label) for run in runs for label in run.labels])
    right = fitted.probabilities.argmax(axis=1) == truth
    assert right[::2].all()
    assert right[1::2].mean() < 0.6  # a guess
    assert fitted.probabilities.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.06)
    fitted.classifier.save(tmp_path)
    classifier, asked = TextClassifier.load(tmp_path), follow_ups(20, seed=2)
    together = classifier.predict_dialogues([run.samples for run in asked])
    alone = classifier.predict([sample for run in asked for sample in run.samples])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert len(np.unique(together[1::2].round(6))) <= 2  # "多久" is the same after any turn


def test_the_second_pass_resolves_what_only_the_turn_before_tells() -> None:
    classifier = fitted_two_passes(follow_ups(160, seed=1)).classifier
    asked = follow_ups(40, seed=2)
    together = classifier.predict_dialogues([run.samples for run in asked])[1::2]
    alone = classifier.predict([run.samples[1] for run in asked])
    truth = np.searchsorted(classifier.config.classes, [str(run.labels[1]) for run in asked])
    assert (together.argmax(axis=1) == truth).mean() == 1
    assert 0.2 < (alone.argmax(axis=1) == truth).mean() < 0.8


def test_its_confidence_is_that_of_dialogues_it_never_saw() -> None:
    runs = follow_ups(400, seed=3, noise=0.3)
    fitted = fitted_two_passes(runs)
    truth = np.searchsorted(fitted.classifier.config.classes, [str(label) for run in runs for label in run.labels])
    own, right = fitted.probabilities[1::2], fitted.probabilities[1::2].argmax(axis=1) == truth[1::2]
    assert right.mean() == pytest.approx(0.7, abs=0.06)
    assert own.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.06)


def test_labels_that_are_pure_chance_are_not_believed() -> None:
    """Every dialogue has its own word: only a model that had seen the answer could be right or sure."""
    draw = np.random.default_rng(4)
    words = [chr(0x4E00 + 7 * number) * 3 for number in range(300)]
    runs = [CustomerTurns(f"d{i}", [{"text": word}], [str(draw.choice(["a", "b"]))]) for i, word in enumerate(words)]
    fitted = fitted_two_passes(runs)
    truth = np.searchsorted(["a", "b"], [str(run.labels[0]) for run in runs])
    assert (fitted.probabilities.argmax(axis=1) == truth).mean() < 0.62
    assert fitted.probabilities.max(axis=1).mean() < 0.65


def test_labels_in_two_folds_are_enough(tmp_path: Path) -> None:
    shape: dict[str, Any] = {"fields": {"text": 1.0}, "features": 1024, "ngrams": (1, 4), "encoder": "none"}
    fitted = fit_classifier(
        follow_ups(40, 5), **shape, regularization=1.0, context_turns=0, ahead=False, folds=2, seed=7
    )
    assert fitted.probabilities.shape == (80, 2)
    assert np.isfinite(fitted.probabilities).all()


def test_the_router_is_the_same_whatever_comes_later(tmp_path: Path) -> None:
    """Each view of a run is of what came before its own turn; and no later turn of the run changes a prediction."""
    dialogues, _ = chatter(40, seed=5)
    for dialogue in dialogues:
        spoken = [i for i, turn in enumerate(dialogue.turns) if turn.role == "customer"]
        last = spoken[-1]
        run = router_views(dialogue.turns[last].text, dialogue.turns[:last])
        assert len(run) == len(spoken)
        for index, view in zip(spoken, run, strict=True):
            assert view == router_views(dialogue.turns[index].text, dialogue.turns[:index])[-1]
            changed = [*dialogue.turns[:index], Turn(role="agent", text="说了别的"), Turn(role="customer", text="另问")]
            again = router_views("再问", changed)
            assert (
                view["text"] == dialogue.turns[index].text
                and again[: spoken.index(index)] == run[: spoken.index(index)]
            )


def test_a_run_that_goes_on_changes_nothing_before(tmp_path: Path) -> None:
    classifier = fitted_two_passes(follow_ups(120, seed=6)).classifier
    samples = [{"text": text} for text in ("退款a", "多久", "快递b", "多久")]
    whole = classifier.predict_dialogues([samples])
    for end in range(1, len(samples)):
        np.testing.assert_allclose(classifier.predict_dialogues([samples[:end]]), whole[:end], atol=1e-6)
    assert Router(classifier)._classifier is classifier
    assert set(ROUTER_FIELDS) == {"text", "previous", "earlier"}


def test_guesses_are_of_every_customer_turn_in_order(tmp_path: Path) -> None:
    dialogues, labels = chatter(120, seed=7)
    joined = join_intents(labels, {d.id: d for d in dialogues}, ASKED)
    params = Labeler(features=2048, ngrams=(1, 4), encoder="none", regularization=1.0, context_turns=6, folds=3, seed=7)
    judged = train_labeler(list(reversed(joined.turns)), [], params, tmp_path)
    assert [(j.dialogue_id, j.turn) for j in judged] == [(t.dialogue.id, t.index) for t in joined.turns]
    assert quality(judged)["accuracy"] > 0.95
    found = list(guesses(TextClassifier.load(tmp_path), [], dialogues))
    spoken = [(d.id, i) for d in dialogues for i, turn in enumerate(d.turns) if turn.role == "customer"]
    assert [(g.dialogue.id, g.index) for g in found] == spoken
    assert list(guesses(TextClassifier.load(tmp_path), [], [])) == []


def test_an_encoder_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    encoders._loaded.cache_clear()
    monkeypatch.setattr(encoders.importlib, "import_module", missing)
    with pytest.raises(KefuError, match=r"kefu\[encoder\]"):
        encoders.encode("use-multilingual", ["a"])
    assert encoders.encode("none", ["a"]).shape == (1, 0)


def test_a_shop_without_reviews_and_examples_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 reviewed turns and 0 examples.*examples/<intent>.yaml"):
        train_labeler([], [], load_params().labeler, tmp_path)


def test_a_new_shop_is_labelled_by_its_packs_examples(tmp_path: Path) -> None:
    """Nobody reviewed anything yet: the labeler speaks, and claims no figure about itself."""
    taxonomy = load_taxonomy(ROOT / load_params().pack)
    judged = train_labeler([], [], load_params().labeler, tmp_path, load_pack_examples(ROOT / load_params().pack))
    assert judged == [] and quality(judged) == {}
    classifier = TextClassifier.load(tmp_path)
    assert set(classifier.config.classes) == set(taxonomy.names)
    asked = Dialogue(
        id="d",
        source="s",
        channel="c",
        day="2026-11-09",
        customer="u",
        turns=(Turn(role="customer", text="我要退货", time=None), Turn(role="customer", text="转人工", time=None)),
    )
    assert [guess.intent for guess in guesses(classifier, [], [asked])] == ["return_request", "human_agent"]


def test_examples_teach_beside_reviewed_turns_and_are_never_measured(tmp_path: Path) -> None:
    dialogues, labels = chatter(40, seed=5)
    turns = join_intents(labels, {d.id: d for d in dialogues}, {label.value for label in labels}).turns
    intent = turns[0].label.value
    old = PackExamples(utterances=tuple(Utterance(intent, text) for text in ("zzyzx", "a zzyzx please")))
    new = PackExamples(utterances=tuple(Utterance("brand_new", text) for text in ("全新的问题", "另一个全新的问题")))
    saved, judged = {}, {}
    for name, phrases in (("plain", PackExamples()), ("old", old), ("new", new)):
        judged[name] = train_labeler(turns, [], load_params().labeler, tmp_path / name, phrases)
        saved[name] = TextClassifier.load(tmp_path / name)
    plain = saved["plain"].config.classes
    assert saved["old"].config.classes == plain and set(saved["new"].config.classes) == {*plain, "brand_new"}
    told = [[(j.dialogue_id, j.turn, j.intent) for j in judged[name]] for name in saved]
    assert told[0] == told[1] == told[2]
    asked = labeler_view([Turn(role="customer", text="zzyzx", time=None)], 0, 6) | {FIELD: ""}
    before, after = (saved[name].predict([asked])[0][plain.index(intent)] for name in ("plain", "old"))
    assert after > before + 0.1


def test_examples_of_weight_zero_change_nothing(tmp_path: Path) -> None:
    dialogues, labels = chatter(40, seed=5)
    turns = join_intents(labels, {d.id: d for d in dialogues}, {label.value for label in labels}).turns
    some = PackExamples(utterances=(Utterance(turns[0].label.value, "zzyzx"),))
    none = load_params().labeler.model_copy(update={"pack_example_weight": 0.0})
    train_labeler(turns, [], none, tmp_path / "plain")
    train_labeler(turns, [], none, tmp_path / "some", some)
    assert content_hash(tmp_path / "plain") == content_hash(tmp_path / "some")
