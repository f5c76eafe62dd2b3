"""Trains ``TextClassifier``: one or two passes of linear support vector machines, then a calibration, all out of fold.

The second pass learns from first-pass probabilities by models that had not seen the dialogue. The calibration
is fitted on second-pass scores by models that had not seen it, and neither had the first-pass models they
learned from. Otherwise each step would trust a model that knows the answers. This takes
folds x (folds + 1) / 2 first-pass models. Leaving out only one fold made the estimate 2 points too low, and
the most confident predictions looked worse than they are. The calibration has five numbers: where predictions out of
fold serve nothing else, it is fitted on as many folds as have ``calibration_turns`` labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp

from kefu.errors import Unusable
from kefu.intents.calibration import calibrate_top, softmax
from kefu.intents.calibration_fit import beta_map, temperature
from kefu.intents.classifier import ClassifierConfig, TextClassifier, second_pass_rows
from kefu.intents.context import CustomerTurns, PackExample, neighbour_indices, neighbour_width
from kefu.intents.features import FeatureConfig, Features
from kefu.intents.linear_svm import LinearSvm
from kefu.progress import progress
from kefu.shop.wordings.examples import Utterance
from kefu.split import fold_of

# The calibration of the SAMPLE's classifiers on so many turns of one fold was within 0.01 of that on all.
CALIBRATION_TURNS = 2000


@dataclass(frozen=True)
class FittedClassifier:
    """A trained classifier, and its predictions out of fold.

    probabilities: (labelled samples of the folds that calibrate, in the order of the dialogues, classes), calibrated.
    """

    classifier: TextClassifier
    probabilities: np.ndarray


def to_pack_examples(utterances: Iterable[Utterance], fields: Iterable[str]) -> list[PackExample]:
    """Returns the pack's utterances as samples with these fields, with their intents as labels."""
    empty = dict.fromkeys(fields, "")
    return [
        PackExample(empty | {"text": u.text, "previous": u.before, "earlier": u.earlier}, u.intent) for u in utterances
    ]


def fit_classifier(
    dialogues: Sequence[CustomerTurns],
    *,
    fields: Mapping[str, float],
    features: int,
    ngrams: tuple[int, int],
    encoder: str,
    regularization: float,
    context_turns: int,
    ahead: bool,
    folds: int,
    seed: int,
    pack_example_weight: float = 0.0,
    words: Mapping[str, str] | None = None,
    pack_examples: Sequence[PackExample] = (),
    second_pass: bool = True,
    calibration_turns: int = 0,
) -> FittedClassifier:
    """Trains on all labelled samples; calibrates on folds in which a group is never on both sides.

    Args:
        dialogues: the customer turns of each, some of them labelled.
        fields: name → weight, see ``FeatureConfig``.
        features: buckets of the hashed n-grams of each field.
        ngrams: narrowest and widest.
        encoder: a key of ``kefu.text.encoders.ENCODERS``, or ``none``.
        regularization: C of the support vector machines.
        context_turns: turns before the one in question that the samples were made from.
        ahead: whether later turns are neighbours too.
        folds: number of folds for predictions out of fold.
        seed: of the folds and of the support vector machines.
        pack_example_weight: of an example of the pack; a labelled sample weighs 1. 0: examples are not used.
        words: group → regex.
        pack_examples: those of classes without a labelled sample are ignored.
        second_pass: False: one pass, by a machine of all classes together; for samples without neighbours.
        calibration_turns: labels that are enough to calibrate on, so that further folds are not predicted. 0: all.

    Raises Unusable when there are fewer than two classes or two folds with labels.
    """
    labels = [label for dialogue in dialogues for label in dialogue.labels if label is not None]
    classes = tuple(sorted(set(labels)))
    if len(classes) < 2:
        raise Unusable(
            f"classifier: it needs samples of at least two classes; given: {len(labels)} of {classes}: label more turns"
        )
    feature_config = FeatureConfig(
        fields=dict(fields), ngrams=ngrams, buckets=features, encoder=encoder, words=dict(words or {})
    )
    config = ClassifierConfig(classes=classes, features=feature_config, context_turns=context_turns, ahead=ahead)
    svm = LinearSvm(len(classes), regularization, seed, joint=not second_pass)
    used = [example for example in pack_examples if pack_example_weight > 0 and example.label in classes]
    to_rows, data = _training_data(dialogues, used, config, svm, pack_example_weight, folds)
    neighbours = neighbour_indices([len(dialogue.samples) for dialogue in dialogues], ahead)
    calibrating = _calibrating_folds(data, calibration_turns)
    fits = _number_of_fits(data, calibrating) if second_pass else len(calibrating) + 1
    with progress("fitting the intent classifier", fits) as tick:
        data = replace(data, after_fit=tick)
        if second_pass:
            return _fit_two_passes(data, config, to_rows, neighbours, calibrating)
        return _fit_one_pass(data, config, to_rows, calibrating)


@dataclass(frozen=True)
class TrainingData:
    """What both passes are trained on.

    rows: (turns, width) float32, features of all customer turns.
    labelled: (labelled turns,) row numbers.
    targets: (labelled turns,) class numbers.
    fold: (turns,) fold numbers.
    example_rows: (examples, width) float32, features of the pack's examples. They belong to no fold.
    example_targets: (examples,) class numbers.
    example_weight: of an example's error; a labelled turn's is 1.
    after_fit: called after each fit.
    """

    rows: sp.csr_matrix
    labelled: np.ndarray
    targets: np.ndarray
    fold: np.ndarray
    example_rows: sp.csr_matrix
    example_targets: np.ndarray
    example_weight: float
    svm: LinearSvm
    after_fit: Callable[[], object] = lambda: None

    def fit_without(self, rows: sp.csr_matrix, folds: frozenset[int]) -> tuple[np.ndarray, np.ndarray]:
        """Fits to the labelled turns outside ``folds`` and to the examples; returns what ``LinearSvm.fit`` does.

        Args:
            rows: (turns, at least width): ``self.rows``, perhaps with columns of neighbour features after them.
                These are 0 for examples, which have no neighbours.
            folds: fold numbers.
        """
        used = ~np.isin(self.fold[self.labelled], list(folds))
        targets = np.concatenate([self.targets[used], self.example_targets])
        weights = np.repeat([1.0, self.example_weight], [used.sum(), len(self.example_targets)])
        examples = self.example_rows
        widened = sp.csr_matrix(
            (examples.data, examples.indices, examples.indptr), (len(self.example_targets), rows.shape[1])
        )
        together = sp.vstack([rows[self.labelled[used]], widened], format="csr")
        fitted = self.svm.fit(together, targets, weights)
        self.after_fit()
        return fitted


def _training_data(
    dialogues: Sequence[CustomerTurns],
    examples: Sequence[PackExample],
    config: ClassifierConfig,
    svm: LinearSvm,
    example_weight: float,
    folds: int,
) -> tuple[Features, TrainingData]:
    """Fits the features to the labelled turns and the examples, and applies them to all turns."""
    samples = [sample for dialogue in dialogues for sample in dialogue.samples]
    labels = [label for dialogue in dialogues for label in dialogue.labels]
    labelled = np.array([number for number, label in enumerate(labels) if label is not None], dtype=int)
    fold = np.array([fold_of(dialogue.group, folds, svm.seed) for dialogue in dialogues for _ in dialogue.samples])
    if len(np.unique(fold[labelled])) < 2:
        raise Unusable("classifier: all labelled turns are of one fold: label turns of several dialogues")
    learned = np.concatenate([labelled, len(samples) + np.arange(len(examples))])
    to_rows, rows = Features.fit_rows([*samples, *(e.sample for e in examples)], config.features, learned)
    return to_rows, TrainingData(
        rows=rows[: len(samples)],
        labelled=labelled,
        targets=np.searchsorted(config.classes, [label for label in labels if label is not None]),
        fold=fold,
        example_rows=rows[len(samples) :],
        example_targets=np.searchsorted(config.classes, [example.label for example in examples]).astype(int),
        example_weight=example_weight,
        svm=svm,
    )


@dataclass(frozen=True)
class FirstPassScores:
    """First-pass scores by models that were trained without one fold, or without two; each is trained once."""

    data: TrainingData
    models: dict[frozenset[int], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def scores_without(self, folds: frozenset[int]) -> np.ndarray:
        """Returns (turns, classes) scores by models that saw no label of the turn's own fold, nor of ``folds``."""
        scores = np.zeros((self.data.rows.shape[0], self.data.svm.classes))
        for fold in np.unique(self.data.fold):
            unseen = folds | {int(fold)}
            if unseen not in self.models:
                self.models[unseen] = self.data.fit_without(self.data.rows, unseen)
            in_fold = self.data.fold == fold
            scores[in_fold] = _linear_scores(self.data.rows[in_fold], *self.models[unseen])
        return scores


def _calibrating_folds(data: TrainingData, turns: int) -> np.ndarray:
    """Returns the first folds that together have ``turns`` labels; all with labels where it is 0 or they have fewer."""
    folds, labels = np.unique(data.fold[data.labelled], return_counts=True)
    return folds[: np.searchsorted(np.cumsum(labels), turns) + 1] if turns else folds


def _number_of_fits(data: TrainingData, calibrating: np.ndarray) -> int:
    """How many linear models ``_fit_two_passes`` fits."""
    folds, hidden_folds = set(data.fold.tolist()), calibrating.tolist()
    first_pass = {frozenset({hidden, f}) for hidden in hidden_folds for f in folds} | {frozenset({f}) for f in folds}
    return len(first_pass) + len(hidden_folds) + 2


def _linear_scores(rows: sp.csr_matrix, coefficients: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
    """Returns (turns, classes) scores of a linear model."""
    return np.asarray(rows @ coefficients.astype(np.float32)) + intercepts


def _fit_one_pass(
    data: TrainingData, config: ClassifierConfig, to_rows: Features, calibrating: np.ndarray
) -> FittedClassifier:
    """Fits scale and beta map to predictions out of fold, then the pass to all labels; as a second pass it is the same.

    Args:
        calibrating: (n,) fold numbers.
    """
    predicted = np.isin(data.fold[data.labelled], calibrating)
    rows, targets = data.labelled[predicted], data.targets[predicted]
    scores = np.zeros((len(rows), data.svm.classes))
    for fold in calibrating:
        in_fold = data.fold[rows] == fold
        model = data.fit_without(data.rows, frozenset({int(fold)}))
        scores[in_fold] = _linear_scores(data.rows[rows[in_fold]], *model)
    scale = temperature(scores, targets)
    probabilities = softmax(scale * scores)
    beta = beta_map(probabilities.max(axis=1), probabilities.argmax(axis=1) == targets)

    weights, intercepts = data.fit_without(data.rows, frozenset())
    config = config.model_copy(update={"first_scale": scale, "scale": scale, "beta": beta})
    second = np.vstack([weights, np.zeros((neighbour_width(data.svm.classes), data.svm.classes), weights.dtype)])
    classifier = TextClassifier.of_passes(config, to_rows, weights, second, np.stack([intercepts, intercepts]))
    return FittedClassifier(classifier, calibrate_top(probabilities, beta, probabilities))


def _fit_two_passes(
    data: TrainingData, config: ClassifierConfig, to_rows: Features, neighbours: np.ndarray, calibrating: np.ndarray
) -> FittedClassifier:
    """Fits scales and beta map to predictions out of fold, then both passes to all labels.

    Args:
        neighbours: (turns, 2 x NEIGHBOUR_TURNS) int from ``neighbour_indices``.
        calibrating: (n,) numbers of the folds that the second pass is predicted for.
    """
    first_pass = FirstPassScores(data)
    first_scores = first_pass.scores_without(frozenset())
    first_scale = temperature(first_scores[data.labelled], data.targets)
    second_scores = np.zeros_like(first_scores)
    for fold in calibrating:
        hidden = frozenset({int(fold)})
        rows = second_pass_rows(data.rows, softmax(first_scale * first_pass.scores_without(hidden)), neighbours)
        in_fold = data.fold == fold
        second_scores[in_fold] = _linear_scores(rows[in_fold], *data.fit_without(rows, hidden))
    predicted = np.isin(data.fold[data.labelled], calibrating)
    labelled, targets = data.labelled[predicted], data.targets[predicted]
    scale = temperature(second_scores[labelled], targets)

    second, first = softmax(scale * second_scores[labelled]), softmax(first_scale * first_scores)
    best = second.argmax(axis=1)
    first_of_best = first[labelled][np.arange(len(best)), best]
    beta = beta_map(second.max(axis=1), best == targets, first_of_best)

    first_model = data.fit_without(data.rows, frozenset())
    second_model = data.fit_without(second_pass_rows(data.rows, first, neighbours), frozenset())
    config = config.model_copy(update={"first_scale": first_scale, "scale": scale, "beta": beta})
    intercepts = np.stack([first_model[1], second_model[1]])
    classifier = TextClassifier.of_passes(config, to_rows, first_model[0], second_model[0], intercepts)
    return FittedClassifier(classifier, calibrate_top(second, beta, first[labelled]))
