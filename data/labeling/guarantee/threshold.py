"""The lowest confidence threshold whose precision is certified, although many are tried.

The tests are ordered and corrected as in Learn then Test (Angelopoulos et al. 2021, arXiv:2110.01052, fixed-sequence
testing with several starts): the grid is fixed beforehand, and a walk goes from strict to lax until its first failure.
Three walks share the error budget: the strictest starts where certifying is just possible, the others where much and
where nearly all is accepted. A walk that arrives at the next start hands its budget on (fallback procedure: Wiens
2003, Pharmaceutical Statistics 2:211). Which thresholds are possible, and where walks start, depends on confidences
alone, so no label is looked at beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from data.labeling.guarantee.confidence_bound import lower_bound_of_dialogues, lower_bounds_of_dialogues

GRID = np.round([*np.arange(0.995, 0.90, -0.005), *np.arange(0.90, 0.29, -0.01)], 3)
# Where a walk starts, as a share of the turns that the laxest threshold accepts → its share of the error budget.
STARTS = {0.0: 0.5, 0.4: 0.25, 0.8: 0.25}


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
    strictest = np.searchsorted(-GRID, -confidence)  # of the thresholds that accept a turn
    dialogues = int(dialogue.max(initial=-1)) + 1
    size = _taken(dialogue, strictest, dialogues)
    wrong = _taken(dialogue[~correct], strictest[~correct], dialogues)
    all_right = lower_bounds_of_dialogues(0 * size, size, 1 - error * min(STARTS.values()))
    possible = np.flatnonzero(all_right >= target)
    budget, passed = 0.0, None
    for share, walk in _walks(possible, size.sum(axis=0)[possible]):
        budget += error * share
        fails = lower_bounds_of_dialogues(wrong[:, walk], size[:, walk], 1 - budget) < target
        before = int(fails.argmax()) if fails.any() else len(walk)
        budget = 0.0 if fails.any() else budget
        passed = float(GRID[walk[before - 1]]) if before else passed
    return passed


def certifiable(size: np.ndarray, target: float, error: float) -> bool:
    """Whether turns of dialogues of these sizes, (dialogues,), were enough if all were right; see above."""
    return lower_bound_of_dialogues(0 * size, size, 1 - error * min(STARTS.values())) >= target


def _taken(dialogue: np.ndarray, strictest: np.ndarray, dialogues: int) -> np.ndarray:
    """(dialogues, thresholds) turns of each dialogue that each threshold of the grid accepts."""
    columns = len(GRID) + 1  # the last is for turns that none accepts
    first = np.bincount(dialogue * columns + strictest, minlength=dialogues * columns)
    return first.reshape(dialogues, columns).cumsum(axis=1)[:, :-1]


def _walks(thresholds: np.ndarray, accepted: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Share of the error budget and thresholds of each walk, strict ones first; ``accepted``: turns at each."""
    most = accepted[-1] if len(accepted) else 0
    starts = [*np.searchsorted(accepted, [most * start for start in STARTS]), len(thresholds)]
    for share, (first, last) in zip(STARTS.values(), pairwise(starts), strict=True):
        yield share, thresholds[first:last]
