"""The laxest threshold whose precision is certified, though many are tried.

Trying many and keeping the best would break a promise, so the tests are ordered and corrected as in Learn then
Test (Angelopoulos et al. 2021, arXiv:2110.01052, fixed-sequence testing with several starts): the grid is fixed
beforehand, a walk goes from strict to lax until its first failure. A start has its share of the error budget; a
walk that reaches the next start hands its budget on (the fallback procedure: Wiens 2003, Pharmaceutical
Statistics 2:211), so a machine that is good from the top on is tested the more leniently the further it came.

Which thresholds can be certified at all, and where walks start, is known from confidences alone, before any label
is looked at. Starts lie where the number of accepted turns has grown by a fixed factor: with starts at fixed
confidences several walks began among the few surest turns of a modest machine, or all but one among the last of
a good one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.label.bound import by_dialogue, lower_bound_of_dialogues

GRID = tuple(np.round([*np.arange(0.995, 0.90, -0.005), *np.arange(0.90, 0.29, -0.01)], 3))
STARTS = 4


def lowest_threshold(
    confidence: np.ndarray, correct: np.ndarray, dialogue: np.ndarray, target: float, error: float
) -> float | None:
    """The laxest threshold of the grid whose precision is certified, or None.

    Args:
        confidence: (n,) of one group of predictions.
        correct: (n,) bool.
        dialogue: (n,) numbers of the turns' dialogues.
        target: precision to certify.
        error: probability with which the answer may be wrong.
    """
    share, budget, passed = error / STARTS, 0.0, None
    counts = {t: by_dialogue(correct[taken], dialogue[taken]) for t in GRID if (taken := confidence >= t).any()}
    possible = [t for t, (_, size) in counts.items() if _bound(0 * size, size, share) >= target]
    for walk in _walks(possible, [int(counts[t][1].sum()) for t in possible]):
        budget += share
        for threshold in walk:
            if _bound(*counts[threshold], budget) < target:
                budget = 0.0
                break
            passed = float(threshold)
    return passed


def _bound(wrong: np.ndarray, size: np.ndarray, error: float) -> float:
    return lower_bound_of_dialogues(wrong, size, 1 - error)


def _walks(thresholds: Sequence[float], accepted: Sequence[int]) -> list[list[float]]:
    """The thresholds in STARTS parts, strict ones first; ``accepted``: turns at each."""
    if not thresholds:
        return []
    growth = (accepted[-1] / accepted[0]) ** (1 / STARTS)
    starts = np.searchsorted(accepted, accepted[0] * growth ** np.arange(1, STARTS))
    return [list(part) for part in np.split(np.array(thresholds), starts)]
