"""How far apart what customers say is, between two days: the energy distance of their turns' vectors.

Energy distance is zero only for equal distributions (Székely & Rizzo 2013, Energy statistics, J. Statist.
Plann. Inference 143); it needs no bandwidth. Divided by its greatest value it is their coefficient of
inhomogeneity: 0 equal, 1 nothing in common. Two nulls make the number judgeable: shuffling turns between
the sides (chance), and the reference days against each other (what is usual here).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHUFFLES = 199
LARGEST = 1500  # vectors a side: the time grows with the square


@dataclass(frozen=True)
class Distance:
    """``coefficient`` 0…1 (unbiased, so equal sides give values around 0, also below); ``p``: by chance."""

    coefficient: float
    p: float


def _pairs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Euclidean distances of unit vectors, (n + m, n + m)."""
    both = np.concatenate([x, y])
    return np.sqrt(np.maximum(2 - 2 * (both @ both.T), 0))


def _coefficient(distances: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Of each column of ``sides`` (n + m, k), 1 where a vector belongs to the first side."""
    first, second = sides, 1 - sides
    n, m = first.sum(axis=0), second.sum(axis=0)
    left, right = distances @ first, distances @ second
    across = (second * left).sum(axis=0) / (n * m)
    within = (first * left).sum(axis=0) / (n * (n - 1)) + (second * right).sum(axis=0) / (m * (m - 1))
    return np.asarray((2 * across - within) / np.maximum(2 * across, 1e-12))


def subsample(vectors: np.ndarray, seed: int, size: int = LARGEST) -> np.ndarray:
    """At most ``size`` rows, drawn with ``seed``."""
    if len(vectors) <= size:
        return vectors
    return vectors[np.sort(np.random.default_rng(seed).permutation(len(vectors))[:size])]


def coefficient(x: np.ndarray, y: np.ndarray) -> float:
    """Energy coefficient of two sets of unit vectors, at least two each."""
    sides = np.repeat([[1.0], [0.0]], [len(x), len(y)], axis=0).astype(np.float32)
    distances = _pairs(x, y)
    np.fill_diagonal(distances, 0)
    return float(_coefficient(distances, sides)[0])


def compare(x: np.ndarray, y: np.ndarray, seed: int) -> Distance:
    """The coefficient, and how often shuffled sides reach it (permutation test; at least 1/200)."""
    distances = _pairs(x, y)
    np.fill_diagonal(distances, 0)
    side = np.repeat([1.0, 0.0], [len(x), len(y)]).astype(np.float32)
    rng = np.random.default_rng(seed)
    sides = np.stack([side, *(rng.permutation(side) for _ in range(SHUFFLES))], axis=1)
    found = _coefficient(distances, sides)
    reached = int((found[1:] >= found[0]).sum())
    return Distance(float(found[0]), (1 + reached) / (1 + SHUFFLES))
