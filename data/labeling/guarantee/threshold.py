"""The lowest confidence threshold whose precision is certified, although many are tried.

The tests are ordered and corrected as in Learn then Test (Angelopoulos et al. 2021, arXiv:2110.01052, fixed-sequence
testing with several starts): the grid is fixed beforehand, and a walk goes from strict to lax until its first failure.
Three walks share the error budget: the strictest starts where certifying is just possible, the others where much and
where nearly all is accepted. A walk that arrives at the next start hands its budget on (fallback procedure: Wiens
2003, Pharmaceutical Statistics 2:211). Which thresholds are possible, and where walks start, depends on confidences
alone, so no label is looked at beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from data.labeling.guarantee.confidence_bound import by_dialogue, lower_bound_of_dialogues

GRID = tuple(np.round([*np.arange(0.995, 0.90, -0.005), *np.arange(0.90, 0.29, -0.01)], 3))
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
    counts = {t: by_dialogue(correct[taken], dialogue[taken]) for t in GRID if (taken := confidence >= t).any()}
    possible = [t for t, (_, size) in counts.items() if certifiable(size, target, error)]
    budget, passed = 0.0, None
    for share, walk in _walks(possible, [int(counts[t][1].sum()) for t in possible]):
        budget += error * share
        for threshold in walk:
            if _bound(*counts[threshold], budget) < target:
                budget = 0.0
                break
            passed = float(threshold)
    return passed


def certifiable(size: np.ndarray, target: float, error: float) -> bool:
    """Whether turns of dialogues of these sizes, (dialogues,), were enough if all were right; see above."""
    return _bound(0 * size, size, error * min(STARTS.values())) >= target


def _bound(wrong: np.ndarray, size: np.ndarray, error: float) -> float:
    return lower_bound_of_dialogues(wrong, size, 1 - error)


def _walks(thresholds: Sequence[float], accepted: Sequence[int]) -> Iterator[tuple[float, Sequence[float]]]:
    """Share of the error budget and thresholds of each walk, strict ones first; ``accepted``: turns at each."""
    most = accepted[-1] if accepted else 0
    starts = [*np.searchsorted(accepted, [most * start for start in STARTS]), len(thresholds)]
    for share, (first, last) in zip(STARTS.values(), pairwise(starts), strict=True):
        yield share, thresholds[first:last]
