"""From a classifier's scores to a confidence that means what it says.

A temperature (Guo et al. 2017, arXiv:1706.04599) has one parameter for all confidences. On real
conversations it left the sure predictions too sure and the unsure ones too modest, so the probability
of the best class is corrected by a beta map (Kull et al. 2017, AISTATS): three parameters, monotone,
without the steps and ties of isotonic regression. A fourth weighs what another model thinks of that
class: where a turn's words and its neighbours speak for different intents, a high score is worth less.
All are fitted on out-of-fold predictions. ``kefu/metrics/calibration.py`` measures how well it does.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit

TINY = 1e-7

Beta = tuple[float, float, float, float]


def softmax(scores: np.ndarray) -> np.ndarray:
    """Row-wise, (n, k). SciPy's takes several times as long for the few rows of one message."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def temperature(scores: np.ndarray, target: np.ndarray) -> float:
    """The factor on ``scores`` (n, classes) under which the right classes ``target`` (n,) are likeliest."""

    def loss(log_scale: float) -> float:
        probabilities = softmax(np.exp(log_scale) * scores)
        return float(-np.log(probabilities[np.arange(len(target)), target] + 1e-12).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 5), method="bounded").x))


def beta_map(confidence: np.ndarray, correct: np.ndarray, second_opinion: np.ndarray | None = None) -> Beta:
    """The (a, b, c, d) of ``expit(a ln p - b ln(1-p) + c + d logit q)`` under which ``correct`` (n,) is likeliest.

    Args:
        confidence: (n,) p, the probability of the class that was chosen.
        correct: (n,) bool.
        second_opinion: (n,) q, another model's probability of the same class; without it d is 0.

    a, b and d are at least 0: more confidence never means less.
    """
    p = np.clip(confidence, TINY, 1 - TINY)
    heard = np.zeros_like(p) if second_opinion is None else _logit(second_opinion)
    columns = np.stack([np.log(p), -np.log1p(-p), np.ones_like(p), heard])

    def loss(x: np.ndarray) -> float:
        fitted = np.clip(expit(x @ columns), TINY, 1 - TINY)
        return float(-np.where(correct, np.log(fitted), np.log1p(-fitted)).mean())

    bounds = ((0, 10), (0, 10), (-10, 10), (0, 10 if heard.any() else 0))
    a, b, c, d = minimize(loss, (1.0, 1.0, 0.0, 0.0), bounds=bounds, method="L-BFGS-B").x
    return float(a), float(b), float(c), float(d)


def calibrate_top(probabilities: np.ndarray, beta: Beta, second_opinions: np.ndarray | None = None) -> np.ndarray:
    """(n, classes): the greatest of each row mapped, the others in their proportions, and never above it.

    Args:
        second_opinions: (n, classes) of the other model; needed when it was there as ``beta`` was fitted.
    """
    a, b, c, d = beta
    rows, best = np.arange(len(probabilities)), probabilities.argmax(axis=1)
    p = np.clip(probabilities[rows, best], TINY, 1 - TINY)
    others = probabilities / (1 - p)[:, None]
    others[rows, best] = 0
    second = others.max(axis=1)
    trust = a * np.log(p) - b * np.log1p(-p) + c
    if second_opinions is not None:
        trust = trust + d * _logit(second_opinions[rows, best])
    mapped = np.maximum(expit(trust), second / (1 + second))
    result = others * (1 - mapped)[:, None]
    result[rows, best] = mapped
    return result


def _logit(p: np.ndarray) -> np.ndarray:
    clipped = np.clip(p, TINY, 1 - TINY)
    return np.log(clipped) - np.log1p(-clipped)
