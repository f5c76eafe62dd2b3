"""Is the challenger really better, or was it luck? Paired bootstrap over the very same items.

Koehn 2004 (EMNLP, "Statistical Significance Tests for Machine Translation Evaluation"): items are drawn
again with replacement, the same ones for both models, and the difference is measured each time. It says
how much the figure would move with other questions of the same kind, nothing about other kinds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kefu.errors import KefuError

ROUNDS = 2000
CHUNK = 200  # rounds drawn at once: bounds the memory


class NotPaired(KefuError, ValueError):
    """The two models were not measured on the same items."""


@dataclass(frozen=True)
class Sample:
    """A metric item by item; the metric is the weighted mean. values, weights: (items,)."""

    values: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, values: ArrayLike, weights: ArrayLike | None = None) -> Sample:
        numbers = np.asarray(values, dtype=float)
        return cls(numbers, np.ones_like(numbers) if weights is None else np.asarray(weights, dtype=float))

    @property
    def mean(self) -> float:
        return float((self.values * self.weights).sum() / self.weights.sum())


@dataclass(frozen=True)
class Difference:
    """Challenger minus champion, with the 95 % interval."""

    delta: float
    low: float
    high: float

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def _resampled(sample: Sample, drawn: np.ndarray) -> np.ndarray:
    weights = sample.weights[drawn]
    return (sample.values[drawn] * weights).sum(1) / weights.sum(1)


def paired_bootstrap(challenger: Sample, champion: Sample, seed: int, rounds: int = ROUNDS) -> Difference:
    """The difference of two means over the same items. Raises NotPaired when the lengths differ."""
    items = len(challenger.values)
    if items != len(champion.values) or items == 0:
        raise NotPaired(f"challenger has {items} items, champion {len(champion.values)}: they must be the same")
    rng = np.random.default_rng(seed)
    deltas: list[np.ndarray] = []
    for start in range(0, rounds, CHUNK):
        drawn = rng.integers(0, items, (min(CHUNK, rounds - start), items))
        deltas.append(_resampled(challenger, drawn) - _resampled(champion, drawn))
    low, high = np.percentile(np.concatenate(deltas), [2.5, 97.5])
    return Difference(challenger.mean - champion.mean, float(low), float(high))
