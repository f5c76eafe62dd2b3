"""The classifier: what is saved is what was trained, confidence is worth its name, and it is fast enough."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kefu.intents.calibration import calibrate_top, softmax
from kefu.intents.calibration_fit import beta_map, temperature
from kefu.intents.classifier import FEW, TextClassifier
from kefu.intents.context import CustomerTurns
from kefu.intents.features import FeatureConfig, Features
from kefu.intents.train import FittedClassifier, fit_classifier
from kefu.intents.views import LABELER_FIELDS, ROUTER_FIELDS, labeler_view
from kefu.metrics.calibration import expected_calibration_error
from kefu.text.ngrams import count_ngrams
from tests.fixtures.chatter import chatter
from tests.fixtures.cost import cost

SETTINGS: dict[str, Any] = {
    "fields": LABELER_FIELDS,
    "features": 4096,
    "ngrams": (1, 4),
    "encoder": "none",
    "regularization": 1.0,
    "context_turns": 6,
    "ahead": True,
    "folds": 4,
    "seed": 7,
}


def trained(noise: float = 0.2, count: int = 150) -> tuple[FittedClassifier, list[list[Mapping[str, str]]], list[str]]:
    """A classifier that sees no answers (they would make it too easy), the runs it saw, and their labels."""
    dialogues, labels = chatter(count, seed=1, noise=noise)
    said = {(label.dialogue_id, label.turn): label.value for label in labels}
    runs, values = [], []
    for dialogue in dialogues:
        places = [index for index, turn in enumerate(dialogue.turns) if turn.role == "customer"]
        views = [labeler_view(dialogue.turns, index, 6) | {"answer": "", "later": ""} for index in places]
        known = [said.get((dialogue.id, index)) for index in places]
        runs.append(CustomerTurns(dialogue.id, views, known))
        values += [value for value in known if value is not None]
    return fit_classifier(runs, **SETTINGS), [list(run.samples) for run in runs], values


def test_what_is_loaded_predicts_exactly_what_was_trained(tmp_path: Path) -> None:
    fitted, runs, _ = trained()
    fitted.classifier.save(tmp_path)
    loaded = TextClassifier.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict_dialogues(runs), fitted.classifier.predict_dialogues(runs))
    assert {p.suffix for p in tmp_path.iterdir()} == {".json", ".safetensors"}


@pytest.mark.parametrize(
    "words", [{}, {"return": "退|return", "parcel": "快递|parcel|package", "when": "什么时候|when"}]
)
def test_one_row_is_the_row_of_a_batch(words: dict[str, str]) -> None:
    texts = ["", "退", "快递什么时候到？[PHONE_12]", "I want to return the parcel", "嗯嗯嗯嗯 ok 😀", "\ud800x" * 40]
    samples = [{"text": a, "previous": b, "earlier": f"{b} {a}"} for a in texts for b in texts]
    config = FeatureConfig(fields=ROUTER_FIELDS, ngrams=(1, 4), buckets=512, words=words)
    features = Features.fit([s for s in samples if "\ud800" not in s["earlier"]], config)
    samples = samples if not words else [s for s in samples if "\ud800" not in s["earlier"]]  # RE2 takes Unicode only
    for row, sample in zip(features(samples).toarray(), samples, strict=True):
        columns, values = features.row(sample)
        alone = np.zeros(features.width, dtype=np.float32)
        alone[columns] = values
        np.testing.assert_allclose(alone, row, atol=1e-6)


def test_rows_that_are_fitted_and_made_at_once_are_the_same() -> None:
    samples = [
        dict.fromkeys(ROUTER_FIELDS, "") | {"text": text} for text in ("退货", "return it", "退货", "hi", "return")
    ]
    config = FeatureConfig(fields=ROUTER_FIELDS, ngrams=(1, 4), buckets=512, words={"return": "退|return"})
    learned = np.array([0, 1, 4])
    apart = Features.fit([samples[number] for number in learned], config)
    together, rows = Features.fit_rows(samples, config, learned)
    for name, values in apart.tensors().items():
        np.testing.assert_array_equal(together.tensors()[name], values)
    np.testing.assert_array_equal(rows.toarray(), apart(samples).toarray())


def test_a_few_samples_are_classified_as_in_a_batch() -> None:
    fitted, runs, _ = trained()
    batch = fitted.classifier.predict_dialogues(runs)
    alone = np.concatenate([fitted.classifier.predict_dialogues([run]) for run in runs])
    assert max(map(len, runs)) <= FEW < sum(map(len, runs))
    np.testing.assert_allclose(alone, batch, atol=1e-5)
    samples = [sample for run in runs for sample in run]
    one_by_one = np.concatenate([fitted.classifier.predict([sample]) for sample in samples])
    np.testing.assert_allclose(one_by_one, fitted.classifier.predict(samples), atol=1e-5)


def test_what_is_done_with_probabilities_does_not_change_what_is_remembered() -> None:
    fitted, runs, _ = trained()
    first = fitted.classifier.predict_dialogues(runs[:1])
    kept = first.copy()
    first[:] = 0  # as the wish classifier does with classes that are rejected
    np.testing.assert_array_equal(fitted.classifier.predict_dialogues(runs[:1]), kept)


def test_the_same_data_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        trained()[0].classifier.save(tmp_path / name)
    for file in ("classifier.json", "classifier.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_confidence_out_of_fold_means_what_it_says() -> None:
    fitted, _, values = trained(noise=0.3, count=600)
    correct = np.array(fitted.classifier.config.classes)[fitted.probabilities.argmax(axis=1)] == np.array(values)
    assert 0.6 < correct.mean() < 0.95  # the noise makes it impossible to be always right
    assert abs(fitted.probabilities.max(axis=1).mean() - correct.mean()) < 0.04
    assert expected_calibration_error(fitted.probabilities.max(axis=1), correct) < 0.06


@pytest.mark.parametrize("spread", [0.3, 6.0])  # too modest, too sure
def test_calibration_improves_log_loss_on_unseen_samples(spread: float) -> None:
    draw = np.random.default_rng(3)
    truth = draw.integers(0, 5, 4000)
    scores = draw.normal(size=(4000, 5)) + 2.0 * np.eye(5)[truth]  # its right temperature is 1/2
    scores *= spread

    def loss(scale: float, rows: slice) -> float:
        return float(-np.log(softmax(scale * scores[rows])[np.arange(2000), truth[rows]]).mean())

    scale = temperature(scores[:2000], truth[:2000])
    assert scale == pytest.approx(2.0 / spread, rel=0.1)
    assert loss(scale, slice(2000, None)) < loss(1.0, slice(2000, None)) - 0.05


def test_beta_map_corrects_the_confidence_and_keeps_the_order() -> None:
    draw = np.random.default_rng(5)
    probabilities = softmax(draw.normal(size=(6000, 4)) * 2)
    top = probabilities.max(axis=1)
    correct = draw.random(6000) < 0.3 + 0.5 * top  # too modest below 0.6, too sure above
    mapped = calibrate_top(probabilities, beta_map(top[:3000], correct[:3000]))
    before = expected_calibration_error(top[3000:], correct[3000:])
    after = expected_calibration_error(mapped[3000:].max(axis=1), correct[3000:])
    assert after < before / 2
    np.testing.assert_allclose(mapped.sum(axis=1), 1, atol=1e-9)
    np.testing.assert_array_equal(mapped.argmax(axis=1), probabilities.argmax(axis=1))


def test_one_class_is_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="at least two classes; given: 3 of"):
        fit_classifier(
            [CustomerTurns(f"d{i}", [{"text": "a"}], ["x"]) for i in range(3)], **(SETTINGS | {"fields": {"text": 1.0}})
        )


def test_placeholders_count_by_type_and_masks_stay() -> None:
    counts = count_ngrams(["打[PHONE_1]", "打[PHONE_22]", "打[订单x]"], (1, 4), 4096).toarray()
    np.testing.assert_array_equal(counts[0], counts[1])
    assert (counts[0] != counts[2]).any()


def test_a_turn_takes_milliseconds() -> None:
    fitted, runs, _ = trained()
    fitted.classifier.predict_dialogues(runs[:1])
    costs = [cost(partial(fitted.classifier.predict_dialogues, [run]), runs=2) for run in runs[:60]]
    assert np.median(costs) < 20  # some ten times the aim: it must not become a matter of seconds
