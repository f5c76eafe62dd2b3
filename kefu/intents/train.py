"""Trains ``TextClassifier``: two looks by linear support vector machines, then a calibration, all out of fold.

The second look learns from opinions of first looks that had not seen the dialogue, and the calibration
from second looks that had not, nor had anything they learned from: else each would trust a model that
knows the answers. That takes folds x (folds + 1) / 2 first looks; leaving out only one fold made the
estimate 2 points too low and its surest predictions look worse than they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from kefu.intents.calibration import beta_map, corrected, softmax, temperature
from kefu.intents.classifier import ClassifierConfig, TextClassifier, second_rows
from kefu.intents.context import Lesson, Run, links
from kefu.intents.features import FeatureConfig, Features
from kefu.intents.looks import FirstLook, LookData, scores_of
from kefu.split import fold_of


@dataclass(frozen=True)
class Fitted:
    """A trained classifier, and what models that had not seen them said of its training samples.

    probabilities: (labelled samples in the order of the runs, classes), out of fold, calibrated.
    """

    classifier: TextClassifier
    probabilities: np.ndarray


def fit(
    runs: Sequence[Run],
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
    lessons: Sequence[Lesson] = (),
) -> Fitted:
    """Trains on all labelled samples; calibrates on folds in which a group is never on both sides.

    Args:
        pack_example_weight: what a lesson counts beside a labelled sample; 0: lessons are not used.
        words: group → regex.
        lessons: of classes that have labelled samples; others are passed over.

    Raises ValueError when there are fewer than two classes or two folds with labels.
    """
    labels = [label for run in runs for label in run.labels]
    said = np.array([number for number, label in enumerate(labels) if label is not None], dtype=int)
    values = [label for label in labels if label is not None]
    classes = tuple(sorted(set(values)))
    if len(classes) < 2:
        raise ValueError(f"A classifier needs samples of at least two classes; given: {len(values)} of {classes}")
    shape = FeatureConfig(
        fields=dict(fields), ngrams=ngrams, buckets=features, encoder=encoder, words=dict(words or {})
    )
    samples = [sample for run in runs for sample in run.samples]
    taught = [lesson for lesson in lessons if pack_example_weight > 0 and lesson.label in classes]
    shown = [lesson.sample for lesson in taught]
    makes = Features.learned([samples[number] for number in said] + shown, shape)
    fold = np.array([fold_of(run.group, folds, seed) for run in runs for _ in run.samples])
    if len(np.unique(fold[said])) < 2:
        raise ValueError("All samples are of one fold: calibration needs several dialogues")
    target = np.searchsorted(classes, values)
    meant = np.searchsorted(classes, [lesson.label for lesson in taught]).astype(int)
    data = LookData(
        rows=makes(samples),
        said=said,
        target=target,
        fold=fold,
        taught=makes(shown) if shown else sp.csr_matrix((0, makes.width), dtype=np.float32),
        meant=meant,
        weight=pack_example_weight,
        classes=len(classes),
        regularization=regularization,
        seed=seed,
    )
    config = ClassifierConfig(classes=classes, features=shape, context_turns=context_turns, ahead=ahead)
    return _look_twice(data, config, makes, links([len(run.samples) for run in runs], ahead))


def _look_twice(data: LookData, config: ClassifierConfig, makes: Features, neighbours: np.ndarray) -> Fitted:
    """For the calibration of a fold, neither look saw it, nor did any look that the second learned from."""
    first, said = FirstLook(data), data.said
    alone = first.scores(frozenset())
    first_scale = temperature(alone[said], data.target)
    scores = np.zeros_like(alone)
    for fold in np.unique(data.fold[said]):
        hidden = frozenset({int(fold)})
        rows = second_rows(data.rows, softmax(first_scale * first.scores(hidden)), neighbours)
        there = data.fold == fold
        scores[there] = scores_of(rows[there], *data.train(rows, hidden))
    scale = temperature(scores[said], data.target)
    scaled, opinions = softmax(scale * scores[said]), softmax(first_scale * alone)
    heard, best = opinions[said], scaled.argmax(axis=1)
    beta = beta_map(scaled.max(axis=1), best == data.target, heard[np.arange(len(best)), best])
    w1, b1 = data.train(data.rows, frozenset())
    w2, b2 = data.train(second_rows(data.rows, opinions, neighbours), frozenset())
    config = config.model_copy(update={"first_scale": first_scale, "scale": scale, "beta": beta})
    classifier = TextClassifier(config, makes, w1, w2, np.stack([b1, b2]))
    return Fitted(classifier, corrected(scaled, beta, heard))
