"""Is the challenger really better, or was it luck? Paired bootstrap over the very same items.

Koehn 2004 (EMNLP, "Statistical Significance Tests for Machine Translation Evaluation"): items are drawn
again with replacement, the same ones for both models, and the difference is measured each time. Items of one
customer are drawn together, because they are alike: drawn one by one they would promise too much. It says how
much the figure would move with other customers of the same kind, nothing about other kinds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kefu.errors import KefuError
from kefu.schema import MetricDifference

ROUNDS = 2000
CHUNK = 200  # rounds drawn at once: bounds the memory


class NotPaired(KefuError, ValueError):
    """The two models were not measured on the same items."""


@dataclass(frozen=True)
class Sample:
    """A metric item by item; the metric is the weighted mean.

    values, weights: (items,) float64. groups: (items,) int, which items belong to one customer.
    """

    values: np.ndarray
    weights: np.ndarray
    groups: np.ndarray

    @classmethod
    def of(cls, values: ArrayLike, weights: ArrayLike | None = None, customers: Sequence[str] | None = None) -> Sample:
        """Without ``customers`` each item is a customer of its own."""
        numbers = np.asarray(values, dtype=float)
        weighed = np.ones_like(numbers) if weights is None else np.asarray(weights, dtype=float)
        groups = np.arange(len(numbers)) if customers is None else np.unique(list(customers), return_inverse=True)[1]
        return cls(numbers, weighed, groups)

    @property
    def mean(self) -> float:
        return float((self.values * self.weights).sum() / self.weights.sum())


def _sums(sample: Sample) -> np.ndarray:
    """Weighted sum and weight of each customer: (2, customers)."""
    weighed = (sample.values * sample.weights, sample.weights)
    return np.stack([np.bincount(sample.groups, weights=numbers) for numbers in weighed])


def _resampled(sums: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The mean in each round. drawn: (rounds, customers)."""
    values, weights = sums[:, drawn].sum(2)
    return values / weights


def paired_bootstrap(challenger: Sample, champion: Sample, seed: int, rounds: int = ROUNDS) -> MetricDifference:
    """The difference of two means over the same items; of one customer's items alone the interval has no bounds.

    Raises:
        NotPaired: the items are not the same.
    """
    items = len(challenger.values)
    if items == 0 or not np.array_equal(challenger.groups, champion.groups):
        raise NotPaired(f"challenger has {items} items, champion {len(champion.values)}: they must be the same")
    rng = np.random.default_rng(seed)
    own, other = _sums(challenger), _sums(champion)
    customers, delta = own.shape[1], challenger.mean - champion.mean
    if customers == 1:
        return MetricDifference(delta=delta, low=-math.inf, high=math.inf)
    deltas: list[np.ndarray] = []
    for start in range(0, rounds, CHUNK):
        drawn = rng.integers(0, customers, (min(CHUNK, rounds - start), customers))
        deltas.append(_resampled(own, drawn) - _resampled(other, drawn))
    low, high = np.percentile(np.concatenate(deltas), [2.5, 97.5])
    return MetricDifference(delta=delta, low=float(low), high=float(high))
