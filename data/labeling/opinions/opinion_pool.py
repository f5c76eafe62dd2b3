"""Two opinions of the same turns become one calibrated probability: the logarithmic opinion pool.

``p ∝ first^a · second^b`` with a, b at least 0 (Genest and Zidek 1986, Statistical Science 1:114). The weights
maximise the likelihood of the right intents: a convex problem of two numbers, so little data is enough, and an
uninformative opinion gets a weight near 0. A beta map (``kefu/intents/calibration.py``) then calibrates the winner's
probability.

A factor on all classes of a turn cancels out, so the second opinion may also be of classes that are not compared. A
class that the first opinion has never seen is never chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from kefu.intents.calibration import Beta, calibrate_top, softmax
from kefu.intents.calibration_fit import beta_map

FLOOR = 1e-6  # probabilities are stored with six digits


@dataclass(frozen=True)
class Pool:
    """How much each opinion weighs, and the beta map of their product."""

    first: float
    second: float
    beta: Beta

    @classmethod
    def fit(cls, first: np.ndarray, second: np.ndarray, target: np.ndarray) -> Pool:
        """Of opinions (n, classes) by models that had not seen the answers ``target`` (n,)."""
        a, b = weights(first, second, target)
        product = _product(first, second, a, b)
        return cls(a, b, beta_map(product.max(axis=1), product.argmax(axis=1) == target))

    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """(n, classes) calibrated probabilities from two opinions of that shape."""
        return calibrate_top(_product(first, second, self.first, self.second), self.beta)


def cross_fitted(first: np.ndarray, second: np.ndarray, target: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """(n, classes): each turn's by a pool fitted on the other folds alone. ``fold``: (n,), at least two of them."""
    result = np.empty_like(first)
    for one in np.unique(fold):
        there = fold == one
        pool = Pool.fit(first[~there], second[~there], target[~there])
        result[there] = pool(first[there], second[there])
    return result


def weights(first: np.ndarray, second: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """The likeliest a and b, in [0, 10]."""
    logs = np.stack([_log(first), _log(second)])
    right = logs[:, np.arange(len(target)), target]

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        likely = log_softmax(np.tensordot(x, logs, axes=1), axis=1)
        expected = (np.exp(likely) * logs).sum(axis=2)
        return float(-likely[np.arange(len(target)), target].mean()), (expected - right).mean(axis=1)

    a, b = minimize(loss, (1.0, 0.1), jac=True, bounds=((0, 10), (0, 10)), method="L-BFGS-B").x
    return float(a), float(b)


def _product(first: np.ndarray, second: np.ndarray, a: float, b: float) -> np.ndarray:
    return softmax(a * _log(first) + b * _log(second))


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.maximum(probabilities, FLOOR)))
