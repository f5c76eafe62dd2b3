"""From a classifier's scores to a confidence that means what it says.

A temperature (Guo et al. 2017, arXiv:1706.04599) has one parameter for all confidences. On real
conversations it left the sure predictions too sure and the unsure ones too modest, so the probability
of the best class is corrected by a beta map (Kull et al. 2017, AISTATS): three parameters, monotone,
without the steps and ties of isotonic regression. A fourth weighs what another model thinks of that
class: where a turn's words and its neighbours speak for different intents, a high score is worth less.
All are fitted on out-of-fold predictions (``calibration_fit.py``). ``kefu/metrics/calibration.py`` measures how well
it does.
"""

from __future__ import annotations

import numpy as np

TINY = 1e-7

Beta = tuple[float, float, float, float]


def softmax(scores: np.ndarray) -> np.ndarray:
    """Row-wise, (n, k). SciPy's takes several times as long for the few rows of one message."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


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
        trust = trust + d * logit(second_opinions[rows, best])
    mapped = np.maximum(sigmoid(trust), second / (1 + second))
    result = others * (1 - mapped)[:, None]
    result[rows, best] = mapped
    return result


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Element-wise. SciPy's would bring SciPy's special functions into every process that serves."""
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -700, 700))))


def logit(p: np.ndarray) -> np.ndarray:
    """Element-wise, of probabilities that are kept away from 0 and 1."""
    clipped = np.clip(p, TINY, 1 - TINY)
    return np.log(clipped) - np.log1p(-clipped)
