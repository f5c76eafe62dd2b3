"""The methods that stand beside the product. Each hears the same turns, and is calibrated the same way.

A method scores the training turns out of fold and the kept-out turns; one temperature and one beta map are
fitted on the former. That is how the product is calibrated, so no method loses for want of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from time import perf_counter

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from benchmarks.labeling.judge import JudgePredictions
from benchmarks.labeling.opinions import (
    TaskRows,
    descriptions,
    nearest,
    out_of_fold,
    static,
    svm,
)
from data.labeling.rule_votes import FIELD
from kefu.intents.calibration import calibrate_top, softmax
from kefu.intents.calibration_fit import beta_map, temperature

SURE = 0.9  # confidence from which a pseudo-label is learned from

Scores = Callable[[TaskRows], np.ndarray]


@cache
def one_look(p: TaskRows) -> np.ndarray:
    return out_of_fold(p, p.rows, svm)


@cache
def neighbours(p: TaskRows) -> np.ndarray:
    return out_of_fold(p, p.rows, nearest)


@cache
def embeddings(p: TaskRows) -> np.ndarray:
    return out_of_fold(p, static(p), svm)


def self_training(p: TaskRows) -> np.ndarray:
    """The surest unlabelled turns of the training dialogues join the labelled ones, once."""
    begin = p.count + len(p.task.test)
    known = svm(p.rows[: p.count], p.target, len(p.classes))
    out = one_look(p)
    sure = (
        softmax(temperature(out[: p.count], p.target) * known(p.rows[begin:]))
        if p.task.unlabelled
        else np.zeros((0, 1))
    )
    taken = np.flatnonzero(sure.max(axis=1) >= SURE)
    more, said = p.rows[begin + taken], sure[taken].argmax(axis=1)

    def learn(rows: sp.csr_matrix, target: np.ndarray, classes: int) -> Callable[[sp.csr_matrix], np.ndarray]:
        return svm(sp.vstack([rows, more]).tocsr(), np.concatenate([target, said]), classes)

    return out_of_fold(p, p.rows, learn)


def stacking(p: TaskRows) -> np.ndarray:
    """Logistic regression over what four sources say."""
    said = np.hstack([_log(p, scores) for scores in _sources(p)])
    return out_of_fold(p, sp.csr_matrix(said), _small_logistic)


def dawid_skene(p: TaskRows) -> np.ndarray:
    """The sources' votes, and the rules', weighed by crowd-kit's Dawid-Skene: no label is used to weigh them."""
    from crowdkit.aggregation import DawidSkene  # type: ignore[import-not-found]

    votes = [
        (row, f"source {number}", p.classes[k])
        for number, scores in enumerate(_sources(p))
        for row, k in enumerate(scores[: p.count + len(p.task.test)].argmax(axis=1))
    ]
    if p.view == "labeler":
        told = enumerate(p.samples[: p.count + len(p.task.test)])
        votes += [(row, "rules", sample[FIELD].split()[0]) for row, sample in told if sample[FIELD]]
    table = pd.DataFrame(votes, columns=["task", "worker", "label"])
    found = DawidSkene(n_iter=50).fit_predict_proba(table).sort_index()
    known = found.reindex(columns=p.classes, fill_value=0.0).to_numpy()
    return np.log(np.vstack([known, np.zeros((len(p.samples) - len(known), len(p.classes)))]) + 1e-4)


METHODS: dict[str, Scores] = {
    "n-grams, linear SVM (the floor)": one_look,
    "static embeddings trained here": embeddings,
    "nearest labelled turns (kNN)": neighbours,
    "label descriptions, no labels": descriptions,
    "self-training on unlabelled turns": self_training,
    "stacking of four sources": stacking,
    "Dawid-Skene over their votes": dawid_skene,
}


def run(prepared: TaskRows, scores: Scores) -> JudgePredictions:
    """The seconds are of everything: training, its folds, and scoring all turns. A source is computed once."""
    begun = perf_counter()
    found = scores(prepared)
    known, asked = found[: prepared.count], found[prepared.count :][: len(prepared.task.test)]
    scored = ~np.isnan(known).any(axis=1)  # a source too slow for all folds scores the turns of one
    known, target = known[scored], prepared.target[scored]
    scale = temperature(known, target)
    own = softmax(scale * known)
    beta = beta_map(own.max(axis=1), own.argmax(axis=1) == target)
    probabilities = calibrate_top(softmax(scale * asked), beta)
    predicted = [prepared.classes[k] for k in probabilities.argmax(axis=1)]
    return JudgePredictions(predicted, probabilities.max(axis=1), perf_counter() - begun, float("nan"))


def _sources(p: TaskRows) -> list[np.ndarray]:
    return [one_look(p), embeddings(p), neighbours(p), descriptions(p)]


def _log(p: TaskRows, scores: np.ndarray) -> np.ndarray:
    return np.log(softmax(temperature(scores[: p.count], p.target) * scores) + 1e-3)


def _small_logistic(rows: sp.csr_matrix, target: np.ndarray, classes: int) -> Callable[[sp.csr_matrix], np.ndarray]:
    model = LogisticRegression(C=0.05, max_iter=200).fit(rows, target)

    def scores(others: sp.csr_matrix) -> np.ndarray:
        result = np.full((others.shape[0], classes), -20.0)
        result[:, model.classes_] = model.decision_function(others)
        return result

    return scores
