"""How far a classifier's confidence can be trusted, in figures.

Expected calibration error as Guo et al. 2017 (arXiv:1706.04599) define it: the mean distance between
confidence and accuracy over bins of equal width, weighted by their samples.
"""

from __future__ import annotations

import numpy as np

BINS = 10


def reliability(confidence: np.ndarray, correct: np.ndarray) -> list[dict[str, float]]:
    """A row a bin that has samples: ``confidence`` and ``accuracy`` (means), ``count``.

    Args:
        confidence: (n,) in [0, 1].
        correct: (n,) bool.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        {
            "confidence": float(confidence[bins == b].mean()),
            "accuracy": float(correct[bins == b].mean()),
            "count": int((bins == b).sum()),
        }
        for b in range(BINS)
        if (bins == b).any()
    ]


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """0 is perfect; (n,) confidences and whether they were right."""
    rows = reliability(confidence, correct)
    return float(sum(row["count"] * abs(row["confidence"] - row["accuracy"]) for row in rows) / len(confidence))


def accuracy_at_coverage(confidence: np.ndarray, correct: np.ndarray, coverage: float) -> float:
    """Accuracy on the ``coverage`` (0 to 1) share of samples with the highest confidence."""
    surest = np.argsort(-confidence, kind="stable")[: max(1, round(coverage * len(confidence)))]
    return float(correct[surest].mean())


def coverage_curve(confidence: np.ndarray, correct: np.ndarray) -> list[dict[str, float]]:
    """Rows of ``coverage`` (0.05 … 1) and the ``precision`` among that share of the surest."""
    shares = [step / 20 for step in range(1, 21)]
    return [{"coverage": s, "precision": accuracy_at_coverage(confidence, correct, s)} for s in shares]
