"""What both looks of a classifier are trained on, and first looks out of fold. ``kefu/intents/train.py`` uses both."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from kefu.intents.linear import linear_svm


@dataclass(frozen=True)
class LookData:
    """rows: (turns, width). said: the labelled of them. target: (said,) class numbers. fold: (turns,).

    taught: (lessons, width) rows of what the pack teaches, ``meant`` their class numbers, ``weight`` what one counts
    beside a labelled turn. They are of no fold: no model is asked about them.
    """

    rows: sp.csr_matrix
    said: np.ndarray
    target: np.ndarray
    fold: np.ndarray
    taught: sp.csr_matrix
    meant: np.ndarray
    weight: float
    classes: int
    regularization: float
    seed: int

    def train(self, rows: sp.csr_matrix, without: frozenset[int]) -> tuple[np.ndarray, np.ndarray]:
        """Weights and intercept learned from the labelled turns that are of none of the folds ``without``.

        Lessons have no neighbours: where ``rows`` are wider than ``taught``, nothing is told of them.
        """
        used = ~np.isin(self.fold[self.said], list(without))
        target, seen = np.concatenate([self.target[used], self.meant]), rows[self.said[used]]
        importance = np.repeat([1.0, self.weight], [used.sum(), len(self.meant)])
        taught = sp.csr_matrix(
            (self.taught.data, self.taught.indices, self.taught.indptr), (len(self.meant), rows.shape[1])
        )
        together = sp.vstack([seen, taught], format="csr")
        return linear_svm(together, target, self.classes, self.regularization, self.seed, importance)


@dataclass(frozen=True)
class FirstLook:
    """Scores of first looks that were trained without one fold, or without two; each is trained once."""

    data: LookData
    trained: dict[frozenset[int], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def scores(self, hidden: frozenset[int]) -> np.ndarray:
        """Of all turns by looks that saw no label of a turn's own fold, nor of ``hidden``, (turns, classes)."""
        scores = np.zeros((self.data.rows.shape[0], self.data.classes))
        for fold in np.unique(self.data.fold):
            without = hidden | {int(fold)}
            if without not in self.trained:
                self.trained[without] = self.data.train(self.data.rows, without)
            there = self.data.fold == fold
            scores[there] = scores_of(self.data.rows[there], *self.trained[without])
        return scores


def scores_of(rows: sp.csr_matrix, weights: np.ndarray, intercept: np.ndarray) -> np.ndarray:
    """(turns, classes) scores of a linear model."""
    return np.asarray(rows @ weights.astype(np.float32)) + intercept
