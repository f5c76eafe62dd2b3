"""Single sources, each a function from a prepared task to scores of the classes for every turn.

A source is asked about its own training turns out of fold, so that what combines sources, and what
calibrates one, never hears of a model that knows the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD
from sklearn.svm import LinearSVC

from benchmarks.labeling.task import Task
from data.labeling.rule_votes import FIELD, WEIGHT, view_with_rules
from kefu.intents.features import FeatureConfig, Features
from kefu.intents.views import LABELER_FIELDS, ROUTER_FIELDS
from kefu.split import fold_of
from kefu.text.ngrams import count_ngrams, inverse_frequency, weigh

FOLDS, SEED, CONTEXT, BUCKETS, NGRAMS = 4, 11, 6, 65536, (1, 4)
NEIGHBOURS, SHARPNESS, DIMENSIONS = 15, 4, 128

Model = Callable[[sp.csr_matrix], np.ndarray]


@dataclass(eq=False)
class TaskRows:
    """A task as rows: the training turns, then those kept out, then the unlabelled ones."""

    task: Task
    view: str

    @cached_property
    def samples(self) -> list[dict[str, str]]:
        places = [(turn.dialogue, turn.index) for turn in (*self.task.train, *self.task.test)]
        places += self.task.unlabelled
        return [view_with_rules(self.task.rules, dialogue.turns, index, CONTEXT) for dialogue, index in places]

    @cached_property
    def rows(self) -> sp.csr_matrix:
        fields = LABELER_FIELDS | {FIELD: WEIGHT} if self.view == "labeler" else ROUTER_FIELDS
        shape = FeatureConfig(fields=fields, ngrams=NGRAMS, buckets=BUCKETS)
        return Features.fit(self.samples[: self.count], shape)(self.samples)

    @property
    def count(self) -> int:
        return len(self.task.train)

    @cached_property
    def classes(self) -> list[str]:
        return sorted({turn.label.value for turn in self.task.train})

    @cached_property
    def target(self) -> np.ndarray:
        return np.searchsorted(self.classes, [turn.label.value for turn in self.task.train])

    @cached_property
    def fold(self) -> np.ndarray:
        return np.array([fold_of(turn.dialogue.id, FOLDS, SEED) for turn in self.task.train])


def svm(rows: sp.csr_matrix, target: np.ndarray, classes: int) -> Model:
    model = LinearSVC(C=1.0, tol=0.01, random_state=SEED).fit(rows, target)
    return lambda others: _all_classes(model.decision_function(others), model.classes_, classes, -1.0)


def nearest(rows: sp.csr_matrix, target: np.ndarray, classes: int) -> Model:
    """The classes of the most alike training turns, by cosine (rows of one view are of one length)."""

    def votes(others: sp.csr_matrix) -> np.ndarray:
        alike = (others @ rows.T).toarray()
        top = np.argpartition(-alike, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        weight = np.take_along_axis(alike, top, axis=1) ** SHARPNESS
        result = np.zeros((others.shape[0], classes))
        for column in range(NEIGHBOURS):
            np.add.at(result, (np.arange(len(result)), target[top[:, column]]), weight[:, column])
        return np.log(result / np.maximum(result.sum(axis=1, keepdims=True), 1e-9) + 1e-3)

    return votes


def out_of_fold(prepared: TaskRows, rows: sp.csr_matrix, learn: Callable[..., Model]) -> np.ndarray:
    """Scores of training turns by models without their fold, then of all other rows by the model of all."""
    count, classes = prepared.count, len(prepared.classes)
    scores = np.zeros((rows.shape[0], classes))
    for fold in np.unique(prepared.fold):
        there = np.flatnonzero(prepared.fold == fold)
        others = np.flatnonzero(prepared.fold != fold)
        scores[there] = learn(rows[others], prepared.target[others], classes)(rows[there])
    scores[count:] = learn(rows[:count], prepared.target, classes)(rows[count:])
    return scores


def static(prepared: TaskRows) -> sp.csr_matrix:
    """Static embeddings trained here: each field's tf-idf vector in the strongest directions of all of the set's."""
    parts = []
    for salt, (name, weight) in enumerate(sorted(LABELER_FIELDS.items())):
        if prepared.view == "router" and name not in ROUTER_FIELDS:
            continue
        texts = [sample[name] for sample in prepared.samples]
        counts = count_ngrams(texts, NGRAMS, BUCKETS, salt)
        rows = weigh(counts, inverse_frequency(counts, least=2))
        if rows.nnz:
            dense = TruncatedSVD(DIMENSIONS, random_state=SEED, n_iter=3).fit_transform(rows)
            parts.append(weight * dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-6))
    return sp.csr_matrix(np.hstack(parts))


def descriptions(prepared: TaskRows) -> np.ndarray:
    """How alike a turn is to each intent's title, definition and examples in the pack; no label is used."""
    by_name = {intent.name: intent for intent in prepared.task.intents}
    told = []
    for name in prepared.classes:
        intent = by_name[name]
        examples = [text for texts in intent.examples.values() for text in texts]
        told.append(" ".join([intent.title.zh, intent.title.en, intent.definition.zh, intent.definition.en, *examples]))
    counts = count_ngrams([*told, *(sample["text"] for sample in prepared.samples)], NGRAMS, BUCKETS)
    rows = weigh(counts, inverse_frequency(counts, least=1))
    return np.asarray((rows[len(told) :] @ rows[: len(told)].T).toarray())


def _all_classes(scores: np.ndarray, present: np.ndarray, classes: int, absent: float) -> np.ndarray:
    result = np.full((len(scores), classes), absent)
    result[:, present] = scores
    return result
