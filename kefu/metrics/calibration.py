"""Whether a confidence can be believed: the reliability diagram and the expected calibration error.

Bins are of equal width and weighted by their predictions (Guo et al. 2017, arXiv:1706.04599). Scikit-learn has
the curve for binary classifiers only, and without the counts that the error needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

BINS = 10


class Bin(NamedTuple):
    """One bar of a reliability diagram: mean confidence, share of correct predictions, number of predictions."""

    confidence: float
    accuracy: float
    size: int


def reliability(confidence: Sequence[float] | np.ndarray, correct: Sequence[float] | np.ndarray) -> list[Bin]:
    """The bins that have predictions, least confident first.

    Args:
        confidence: (n,) in [0, 1].
        correct: (n,) bool, or 0 and 1.
    """
    sure, right = np.asarray(confidence, dtype=float), np.asarray(correct)
    which = np.minimum((sure * BINS).astype(int), BINS - 1)
    groups = [which == number for number in np.unique(which)]
    return [Bin(float(sure[g].mean()), float(right[g].mean()), int(g.sum())) for g in groups]


def expected_calibration_error(
    confidence: Sequence[float] | np.ndarray, correct: Sequence[float] | np.ndarray
) -> float:
    """Mean distance between confidence and accuracy over the bins; 0 is perfect. Arguments as of ``reliability``."""
    bins = reliability(confidence, correct)
    return sum(b.size * abs(b.confidence - b.accuracy) for b in bins) / len(confidence)
