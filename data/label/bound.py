"""The exact lower bound of a share (Clopper and Pearson 1934, Biometrika 26:404)."""

from __future__ import annotations

from scipy.stats import beta


def lower_bound(right: int, total: int, level: float) -> float:
    """One-sided: with probability ``level`` the true share is not below it."""
    return float(beta.ppf(1 - level, right, total - right + 1)) if right else 0.0
