"""Today against the reference days: one verdict a distribution, and one for what customers say.

A verdict needs size and certainty: beyond the bound, and beyond what chance does with so few dialogues.
It only warns. Whether a shift is a campaign, an outage or a broken parser, a person has to say.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from data.monitoring.energy_distance import Distance, coefficient, compare, subsample
from data.monitoring.params import Monitor
from data.monitoring.psi import psi

logger = logging.getLogger(__name__)
STABLE, MODERATE, MAJOR, TOO_FEW = "stable", "moderate", "major", "too few"
CHANCE = 0.01  # p from which the energy distance is no accident
SHOWN = 3  # movers that a message names
Counts = Mapping[str, int]


@dataclass(frozen=True)
class Drift:
    """One row of the verdict. ``value`` is PSI, or the energy coefficient for ``embedding``; ``bound`` the one it
    passed, else the one for an alarm; ``noise`` what chance reaches, for ``embedding`` its p.

    ``usual``: the same figure of every reference day against the other reference days.
    """

    name: str
    level: str
    value: float | None
    bound: float
    noise: float | None
    usual: tuple[float, ...]
    movers: tuple[tuple[str, float, float], ...] = ()

    def sentence(self) -> str:
        """Returns the figure, its bound, and what moved most, as one line for the log and the page."""
        moved = "; ".join(f"{name}: {before:.1%} → {now:.1%}" for name, before, now in self.movers[:SHOWN])
        figure = "energy distance" if self.name == "embedding" else "PSI"
        return f"{figure} {self.value:.3f} (bound {self.bound:g}){'; ' + moved if moved else ''}"


def distribution(
    name: str, now: Counts, before: Sequence[Counts], units_now: int, units_before: Sequence[int], params: Monitor
) -> Drift:
    """The verdict on one distribution. ``units``: independent observations, i.e. dialogues."""
    pooled, known = _summed(before), sum(units_before)
    if min(units_now, known) < params.min_dialogues:
        return Drift(name, TOO_FEW, None, params.psi_major, None, ())
    shift = psi(now, pooled, units_now, known)
    usual = tuple(
        psi(day, Counter(pooled) - Counter(day), units, known - units).psi
        for day, units in zip(before, units_before, strict=True)
        if min(units, known - units) >= params.min_dialogues
    )
    level, bound = STABLE, params.psi_major
    if shift.psi > shift.noise and shift.psi >= params.psi_moderate:
        level = MAJOR if shift.psi >= bound else MODERATE
        bound = bound if level == MAJOR else params.psi_moderate
    return Drift(name, level, shift.psi, bound, shift.noise, usual, shift.movers)


def _summed(days: Sequence[Counts]) -> Counter[str]:
    total: Counter[str] = Counter()
    for day in days:
        total.update(day)
    return total


def embedding(now: np.ndarray, before: Sequence[np.ndarray], params: Monitor) -> Drift:
    """The verdict on what customers say: (n, d) unit vectors of today and of each reference day."""
    days = [day for day in before if len(day) >= params.min_dialogues]
    if len(now) < params.min_dialogues or not days:
        return Drift("embedding", TOO_FEW, None, params.energy_alarm, None, ())
    distance = compare(subsample(now, params.seed), subsample(np.concatenate(days), params.seed), params.seed)
    usual = tuple(_against_the_rest(days, index, params) for index in range(len(days))) if len(days) > 1 else ()
    level = MAJOR if _beyond(distance, usual, params) else STABLE
    return Drift("embedding", level, distance.coefficient, params.energy_alarm, distance.p, usual)


def _against_the_rest(days: Sequence[np.ndarray], index: int, params: Monitor) -> float:
    rest = np.concatenate([day for other, day in enumerate(days) if other != index])
    return coefficient(subsample(days[index], params.seed), subsample(rest, params.seed))


def _beyond(distance: Distance, usual: Sequence[float], params: Monitor) -> bool:
    """Larger than the bound, than chance, and than twice what these days' differences usually are."""
    ordinary = median(usual) if usual else 0.0
    return distance.coefficient >= max(params.energy_alarm, 2 * ordinary) and distance.p <= CHANCE


def warn(day: str, drifts: Sequence[Drift]) -> None:
    """Logs what drifted; the loop goes on."""
    for drift in drifts:
        if drift.level == MAJOR:
            logger.error("DRIFT on %s: %s: %s. Look at the day's page: kefu monitor", day, drift.name, drift.sentence())
        elif drift.level == MODERATE:
            logger.warning("moderate drift on %s: %s: %s", day, drift.name, drift.sentence())
