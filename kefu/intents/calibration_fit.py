"""Fits what ``calibration.py`` applies. Apart from it: SciPy's optimizers take 30 MB that serving does not need."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from kefu.intents.calibration import TINY, Beta, logit, sigmoid, softmax


def temperature(scores: np.ndarray, target: np.ndarray) -> float:
    """The factor on ``scores`` (n, classes) under which the right classes ``target`` (n,) are likeliest."""

    def loss(log_scale: float) -> float:
        probabilities = softmax(np.exp(log_scale) * scores)
        return float(-np.log(probabilities[np.arange(len(target)), target] + 1e-12).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 5), method="bounded").x))


def beta_map(confidence: np.ndarray, correct: np.ndarray, second_opinion: np.ndarray | None = None) -> Beta:
    """The (a, b, c, d) of ``sigmoid(a ln p - b ln(1-p) + c + d logit q)`` under which ``correct`` (n,) is likeliest.

    Args:
        confidence: (n,) p, the probability of the class that was chosen.
        correct: (n,) bool.
        second_opinion: (n,) q, another model's probability of the same class; without it d is 0.

    a, b and d are at least 0: more confidence never means less.
    """
    p = np.clip(confidence, TINY, 1 - TINY)
    heard = np.zeros_like(p) if second_opinion is None else logit(second_opinion)
    columns = np.stack([np.log(p), -np.log1p(-p), np.ones_like(p), heard])

    def loss(x: np.ndarray) -> float:
        fitted = np.clip(sigmoid(x @ columns), TINY, 1 - TINY)
        return float(-np.where(correct, np.log(fitted), np.log1p(-fitted)).mean())

    bounds = ((0, 10), (0, 10), (-10, 10), (0, 10 if heard.any() else 0))
    a, b, c, d = minimize(loss, (1.0, 1.0, 0.0, 0.0), bounds=bounds, method="L-BFGS-B").x
    return float(a), float(b), float(c), float(d)
