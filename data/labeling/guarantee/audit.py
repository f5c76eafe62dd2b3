"""The audit: whether accepted labels are right as often as promised, tested on a random sample that people answer.

A turn is drawn when its keyed hash is below ``autolabel.audit_share``, whatever the machine thinks of it. What the
machine said, before anybody answered, is kept in a ledger (``audit_ledger.py``). Each day has a bound; over the last
``audit_days`` days a confidence sequence and an e-value hold however often one looks (``e_values.py``). The false-alarm
rate is at most 1 - level in each such window. After an alarm, thresholds are certified on the window's turns alone.

In the bets each dialogue counts once, its accepted turns in equal parts, so dialogues whose turns are all wrong raise
no false alarm (Hölder's inequality). Turns that people cannot tell are left out. People's own errors count as the
machine's, and a proposal that they see may sway them. More: ``docs/reference/labels.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from data.labeling.guarantee.audit_ledger import AuditEntry
from data.labeling.guarantee.confidence_bound import by_dialogue, lower_bound_of_dialogues, number_names
from data.labeling.guarantee.e_values import evidence_of_a_fall
from data.labeling.guarantee.e_values import lower_bound as bound_at_all_times
from kefu.schema import TurnKey


class Day(NamedTuple):
    """One day of the audit. ``drawn``: answered; ``accepted`` of them; ``right`` of those.

    bound: of this day's precision. so_far, bound_so_far: precision up to this day and its bound at all times.
    evidence: log e-value against the guarantee.
    """

    day: str
    drawn: int
    accepted: int
    right: int
    precision: float
    bound: float
    so_far: float
    bound_so_far: float
    evidence: float


class Audit(NamedTuple):
    """The days of the window. ``broken``: the guarantee was contradicted with the wanted confidence."""

    days: list[Day]
    broken: bool

    @property
    def since(self) -> str | None:
        """First day of the window; None when nothing was audited."""
        return self.days[0].day if self.days else None

    def metrics(self) -> dict[str, float]:
        accepted = sum(day.accepted for day in self.days)
        figures: dict[str, float] = {"audit.answered": sum(d.drawn for d in self.days), "audit.accepted": accepted}
        if accepted:
            last = self.days[-1]
            figures |= {"audit.precision": last.so_far, "audit.bound": last.bound_so_far}
        return {**figures, "audit.broken": float(self.broken)}


def audit(rows: Iterable[AuditEntry], truth: Mapping[TurnKey, str], target: float, level: float, days: int) -> Audit:
    """What the last ``days`` audited days say of the guarantee.

    Args:
        truth: intent by people; rows without one are passed over.
    """
    by_day: dict[str, list[AuditEntry]] = {}
    for row in rows:
        if row.key in truth:
            by_day.setdefault(row.day, []).append(row)
    found: list[Day] = []
    seen: list[tuple[float, float]] = []
    right = accepted = 0
    bound = 0.0
    for day in sorted(by_day)[-days:]:
        wrong, size = _answers(by_day[day], truth)
        seen.append((float((1 - wrong / size).sum()), float((wrong / size).sum())))
        today, taken = int((size - wrong).sum()), int(size.sum())
        right, accepted = right + today, accepted + taken
        bound = max(bound, bound_at_all_times(sum(r for r, _ in seen), sum(w for _, w in seen), 1 - level))
        found.append(
            Day(
                day,
                len(by_day[day]),
                taken,
                today,
                today / taken if taken else float("nan"),
                lower_bound_of_dialogues(wrong, size, level),
                right / accepted if accepted else float("nan"),
                bound,
                evidence_of_a_fall(seen, target, days),
            )
        )
    return Audit(found, any(day.evidence >= -np.log(1 - level) for day in found))


def _answers(rows: Sequence[AuditEntry], truth: Mapping[TurnKey, str]) -> tuple[np.ndarray, np.ndarray]:
    """Wrong turns and turns of each dialogue that has accepted ones."""
    taken = [row for row in rows if row.accepted]
    correct = np.array([row.predicted == truth[row.key] for row in taken], dtype=bool)
    return by_dialogue(correct, number_names([row.dialogue_id for row in taken]))
