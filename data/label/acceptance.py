"""From which confidence on a machine's label needs no person: a rule with a promise.

The promise: with probability ``level``, the labels that the rule accepts are right with at least the
``target`` precision. Thresholds are tested on out-of-fold predictions for reviewed turns. One
threshold is one binomial test with the exact bound of Clopper and Pearson (1934, Biometrika 26:404).
Trying many and keeping the best would break the promise, so the tests are ordered and corrected as in
Learn then Test (Angelopoulos et al. 2021, arXiv:2110.01052, fixed-sequence testing with several
starts): the grid is fixed beforehand, each start walks from strict to lax until its first failure.

Two rules are certified with half of the error budget each, and the one that accepts more is used:
one threshold for all intents, or one for each intent with enough reviewed turns and one for the rest.

The promise assumes that reviewed turns are drawn like those to be labelled and are independent. After
the first day people mostly review what was unsure, which makes the bound pessimistic; turns of one
dialogue are alike, which makes it a little optimistic. The audit sample is there to measure both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.stats import beta

GRID = tuple(np.round([*np.arange(0.995, 0.90, -0.005), *np.arange(0.90, 0.29, -0.01)], 3))
STARTS = 5
ENOUGH = 200  # reviewed turns for which an intent gets its own threshold
REST = "*"


class Acceptance(BaseModel):
    """Lowest accepted confidence by predicted intent; ``*`` is for every intent not named.

    An intent without a threshold (and no ``*``) is never accepted. ``precision`` and ``bound`` are the
    out-of-fold estimate and its lower confidence bound, ``coverage`` the accepted share; all of reviewed turns.
    """

    model_config = ConfigDict(frozen=True)

    thresholds: dict[str, float] = {}
    coverage: float = 0.0
    precision: float = 0.0
    bound: float = 0.0

    def accepts(self, intent: str, confidence: float) -> bool:
        threshold = self.thresholds.get(intent, self.thresholds.get(REST))
        return threshold is not None and confidence >= threshold


def lower_bound(right: int, total: int, level: float) -> float:
    """One-sided Clopper–Pearson lower bound of a proportion."""
    return float(beta.ppf(1 - level, right, total - right + 1)) if right else 0.0


def lowest_threshold(confidence: np.ndarray, correct: np.ndarray, target: float, error: float) -> float | None:
    """The laxest threshold of the grid whose precision is certified, or None.

    Args:
        confidence: (n,) of one group of predictions.
        correct: (n,) bool.
        target: precision to certify.
        error: probability with which the answer may be wrong.
    """
    passed: list[float] = []
    for start in range(0, len(GRID), -(-len(GRID) // STARTS)):
        for threshold in GRID[start:]:
            taken = correct[confidence >= threshold]
            if lower_bound(int(taken.sum()), len(taken), 1 - error / STARTS) < target:
                break
            passed.append(float(threshold))
    return min(passed, default=None)


def choose(
    intents: Sequence[str], confidence: np.ndarray, correct: np.ndarray, target: float, level: float
) -> Acceptance:
    """The rule that accepts most while its promise holds.

    Args:
        intents: predicted intent of each of n reviewed turns, out of fold.
        confidence: (n,) of those predictions.
        correct: (n,) bool, whether people said the same.
        target: precision that accepted labels must have.
        level: probability with which they have it.
    """
    predicted = np.array(intents)
    named = [str(i) for i, n in zip(*np.unique(predicted, return_counts=True), strict=True) if n >= ENOUGH]
    error = (1 - level) / 2
    rules = [_rule(groups, predicted, confidence, correct, target, error) for groups in ([], named)]
    measured = [_measured(rule, predicted, confidence, correct, level) for rule in rules]
    return max(measured, key=lambda rule: rule.coverage)


def _rule(
    named: list[str], predicted: np.ndarray, confidence: np.ndarray, correct: np.ndarray, target: float, error: float
) -> dict[str, float]:
    """A threshold for each named intent and one for the rest; groups without one are closed (above 1)."""
    groups = {name: predicted == name for name in named} | {REST: ~np.isin(predicted, named)}
    found = {
        name: lowest_threshold(confidence[member], correct[member], target, error / len(groups))
        for name, member in groups.items()
    }
    return {name: 2.0 if threshold is None else threshold for name, threshold in found.items()}


def _measured(
    thresholds: dict[str, float], predicted: np.ndarray, confidence: np.ndarray, correct: np.ndarray, level: float
) -> Acceptance:
    rule = Acceptance(thresholds=thresholds)
    taken = np.array([rule.accepts(i, c) for i, c in zip(predicted, confidence, strict=True)], dtype=bool)
    if not taken.any():
        return Acceptance()
    right, total = int(correct[taken].sum()), int(taken.sum())
    return Acceptance(
        thresholds=thresholds,
        coverage=total / len(taken),
        precision=right / total,
        bound=lower_bound(right, total, level),
    )
