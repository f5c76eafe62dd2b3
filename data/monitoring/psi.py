"""Population stability index: how far a distribution moved, as credit scoring has judged it for decades.

PSI = Σ (p - q) ln(p / q), p today's shares, q the reference's. By custom, below 0.1 is stable, from 0.25 on
a major shift (Siddiqi 2006, Credit Risk Scorecards, Wiley). With few observations chance alone exceeds
those bounds: where nothing changed, PSI / (1/n + 1/m) follows about χ² with (bins - 1) degrees of freedom
(Yurdakul 2018, Statistical Properties of Population Stability Index, Western Michigan University). So a
shift counts only when it is beyond both the custom's bound and that noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

PSEUDO_COUNT = 0.5  # a bin that one side never saw must not give infinity
SURE = 0.999  # of the noise: one false alarm in 1,000 distributions


@dataclass(frozen=True)
class Shift:
    """What a distribution did. ``noise``: the PSI that chance reaches once in 1,000 times."""

    psi: float
    noise: float
    movers: tuple[tuple[str, float, float], ...]  # bin, share before, share now; greatest part of PSI first


def psi(now: Mapping[str, int], before: Mapping[str, int], units_now: int, units_before: int) -> Shift:
    """Compares two distributions over the same bins.

    Args:
        now, before: counts by bin; a bin may be missing on one side.
        units_now, units_before: independent observations, i.e. dialogues where turns are counted.
    """
    names = sorted(name for name in now.keys() | before.keys() if now.get(name, 0) + before.get(name, 0))
    p, q = (_shares([side.get(name, 0) for name in names]) for side in (now, before))
    parts = (p - q) * np.log(p / q)
    noise = float(chi2.ppf(SURE, max(1, len(names) - 1))) * (1 / max(1, units_now) + 1 / max(1, units_before))
    movers = tuple((names[i], float(q[i]), float(p[i])) for i in np.argsort(-parts, kind="stable"))
    return Shift(float(parts.sum()), noise, movers)


def _shares(counts: list[int]) -> np.ndarray:
    smoothed = np.array(counts, dtype=float) + PSEUDO_COUNT
    return np.asarray(smoothed / smoothed.sum())
