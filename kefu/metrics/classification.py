"""How good labels are, and whether their confidence can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

BINS = 10


class Bin(NamedTuple):
    """One bar of a reliability diagram: mean confidence, share right, how many."""

    confidence: float
    accuracy: float
    size: int


def macro_f1(predicted: Sequence[str], expected: Sequence[str]) -> float:
    """F1 averaged over the classes that were expected or predicted."""
    scores = []
    for name in sorted(set(predicted) | set(expected)):
        hits = sum(p == name == e for p, e in zip(predicted, expected, strict=True))
        scores.append(2 * hits / (predicted.count(name) + expected.count(name)))
    return float(np.mean(scores))


def reliability(confidences: Sequence[float], right: Sequence[float], bins: int = BINS) -> list[Bin]:
    """Confidence against accuracy in equally wide bins; empty bins are left out."""
    confidence, correct = np.asarray(confidences), np.asarray(right)
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    groups = [which == i for i in range(bins)]
    return [Bin(float(confidence[g].mean()), float(correct[g].mean()), int(g.sum())) for g in groups if g.any()]


def ece(confidences: Sequence[float], right: Sequence[float]) -> float:
    """Expected calibration error over ten equal bins (Guo et al. 2017, arXiv:1706.04599)."""
    total = len(confidences)
    return sum(b.size / total * abs(b.confidence - b.accuracy) for b in reliability(confidences, right))


def accuracy_at(coverage: float, confidences: Sequence[float], right: Sequence[float]) -> float:
    """Share right among the most confident ``coverage`` of the items (at least one)."""
    kept = max(1, round(coverage * len(confidences)))
    order = np.argsort(-np.asarray(confidences), kind="stable")[:kept]
    return float(np.asarray(right)[order].mean())
