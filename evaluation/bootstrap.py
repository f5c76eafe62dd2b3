"""Is the challenger really better, or was it luck? Paired bootstrap over the very same items.

Koehn 2004 (EMNLP, "Statistical Significance Tests for Machine Translation Evaluation"): items are drawn
again with replacement, the same ones for both models, and the difference is measured each time. Items of one
customer are drawn together, because they are alike: drawn one by one they would promise too much. It says how
much the figure would move with other customers of the same kind, nothing about other kinds.

``compare_with_tolerance`` reads the interval as a test of non-inferiority (Piaggio et al. 2012, CONSORT extension for
non-inferiority trials): "not worse" has to be shown. Where the items are too few to show it even of an equal
challenger, it says so instead of calling that challenger worse.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kefu.errors import KefuError
from kefu.schema import MetricDifference

ROUNDS = 2000
CHUNK = 200  # rounds drawn at once: bounds the memory
Z = NormalDist().inv_cdf(0.975)  # half of a 95 % interval, in standard errors
USUAL_POWER = 0.8

Comparison = Literal["better", "not worse", "worse", "too few items"]


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

    def where(self, chosen: np.ndarray) -> Sample:
        """The items for which ``chosen`` (items,) is true."""
        return Sample(self.values[chosen], self.weights[chosen], np.unique(self.groups[chosen], return_inverse=True)[1])

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


def _draws(customers: int, seed: int, rounds: int) -> Iterator[np.ndarray]:
    """Customers drawn with replacement: (a part of the rounds, customers)."""
    rng = np.random.default_rng(seed)
    for start in range(0, rounds, CHUNK):
        yield rng.integers(0, customers, (min(CHUNK, rounds - start), customers))


def confidence_interval(sample: Sample, seed: int, rounds: int = ROUNDS) -> tuple[float, float]:
    """The 95 % interval of a mean; without bounds where all items are one customer's.

    It is of other customers of the same kind. A model that was trained once more differs besides.
    """
    sums = _sums(sample)
    if sums.shape[1] == 1:
        return -math.inf, math.inf
    means = [_resampled(sums, drawn) for drawn in _draws(sums.shape[1], seed, rounds)]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return float(low), float(high)


def paired_bootstrap(challenger: Sample, champion: Sample, seed: int, rounds: int = ROUNDS) -> MetricDifference:
    """The difference of two means over the same items; of one customer's items alone the interval has no bounds.

    Raises:
        NotPaired: the items are not the same.
    """
    items = len(challenger.values)
    if items == 0 or not np.array_equal(challenger.groups, champion.groups):
        raise NotPaired(f"challenger has {items} items, champion {len(champion.values)}: they must be the same")
    own, other = _sums(challenger), _sums(champion)
    customers, delta = own.shape[1], challenger.mean - champion.mean
    if customers == 1:
        return MetricDifference(delta=delta, low=-math.inf, high=math.inf, customers=customers)
    deltas = [_resampled(own, drawn) - _resampled(other, drawn) for drawn in _draws(customers, seed, rounds)]
    low, high = np.percentile(np.concatenate(deltas), [2.5, 97.5])
    return MetricDifference(delta=delta, low=float(low), high=float(high), customers=customers)


class PowerRule(NamedTuple):
    """When items are enough to decide. min_power: see ``power``; min_customers: fewer give no interval to believe."""

    min_power: float
    min_customers: int


def compare_with_tolerance(
    difference: MetricDifference, higher_is_better: bool, tolerance: float, rule: PowerRule
) -> Comparison:
    """Whether the challenger is no worse than the champion, as far as its items can tell.

    Better: the whole 95 % interval is above zero. Not worse: it is within ``tolerance``. Worse: it is neither,
    although an equal challenger would have been shown to be no worse with probability ``min_power``, or the whole
    interval is beyond the tolerance. With a tolerance of 0 the items are all that counts, and nothing is inferred.

    Args:
        tolerance: how much worse is tolerated, in units of the metric, 0 or more.
    """
    low, high = (difference.low, difference.high) if higher_is_better else (-difference.high, -difference.low)
    gain = difference.delta if higher_is_better else -difference.delta
    # Rounded: 0.8 - 0.79 must not miss a tolerance of 0.01 by a floating point's last bit.
    low, high, gain = round(low, 12), round(high, 12), round(gain, 12)
    if tolerance == 0:
        return "better" if gain > 0 else "worse" if gain < 0 else "not worse"
    if difference.customers < rule.min_customers:
        return "too few items"
    if low >= -tolerance:
        return "better" if low > 0 else "not worse"
    return "worse" if high < -tolerance or power(difference, tolerance) >= rule.min_power else "too few items"


def power(difference: MetricDifference, tolerance: float) -> float:
    """The chance that these items show an equal challenger to be no worse than tolerated (normal approximation)."""
    error = _standard_error(difference)
    return NormalDist().cdf(tolerance / error - Z) if error else 1.0


def smallest_tolerance(difference: MetricDifference, power: float = USUAL_POWER) -> float:
    """The smallest tolerance for which the items have this power: what they can tell, and no less."""
    return _standard_error(difference) * (Z + NormalDist().inv_cdf(power))


def _standard_error(difference: MetricDifference) -> float:
    return (difference.high - difference.low) / (2 * Z)
