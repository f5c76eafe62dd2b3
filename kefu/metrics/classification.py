"""How often predicted labels are right: macro F1, accuracy among the most confident ones, agreement beyond chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def macro_f1(expected: Sequence[str], predicted: Sequence[str]) -> float:
    """F1 averaged over every class that was expected or predicted (scikit-learn's default).

    A class that was only predicted counts with an F1 of 0. So a model that invents classes scores lower than
    with an average over the expected classes alone.
    """
    from sklearn.metrics import f1_score  # a second of imports, not needed for `kefu --help`

    return float(f1_score(expected, predicted, average="macro"))


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float:
    """Agreement of two raters beyond chance (Cohen 1960): 1 is full, 0 is chance; 0.0 where both say one thing only."""
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(first, second)) if len({*first, *second}) > 1 else 0.0


def accuracy_at_coverage(
    confidence: Sequence[float] | np.ndarray, correct: Sequence[float] | np.ndarray, coverage: float
) -> float:
    """Accuracy on the ``coverage`` (0 to 1) share of predictions with the highest confidence, at least one.

    Args:
        confidence: (n,) in [0, 1].
        correct: (n,) bool, or 0 and 1.
    """
    surest = np.argsort(-np.asarray(confidence), kind="stable")[: max(1, round(coverage * len(confidence)))]
    return float(np.asarray(correct)[surest].mean())
