"""The page and the tables on the guarantee: coverage against precision, per intent, and the audit's days."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.labeling.guarantee.acceptance import REST, Acceptance
from data.labeling.guarantee.audit import Audit, Day
from data.labeling.guarantee.confidence_bound import by_dialogue, lower_bound_of_dialogues, number_names
from data.labeling.labeler import OutOfFoldPrediction, arrays
from data.labeling.params import Autolabel
from kefu.io import write_text
from kefu.pages.templates import load_template
from kefu.shop.part import Text

CURVE = ("coverage", "precision", "bound")
DAYS = Day._fields
STEPS = 20
GRID = 20  # lines of the plot between 0 and 1
TEMPLATE = "report.html.j2"
Point = tuple[float, float, float]


class IntentRow(NamedTuple):
    """``turns``: certified on, predicted as this intent. ``threshold``: None when it is closed."""

    intent: str
    turns: int
    threshold: float | None
    coverage: float
    precision: float
    bound: float


def curve(judged: Sequence[OutOfFoldPrediction], trusted: np.ndarray, level: float) -> list[Point]:
    """(coverage, precision, its lower bound) for 5 %, 10 % … of the trusted turns, the surest first."""
    kept = [j for j, take in zip(judged, trusted, strict=True) if take]
    if not kept:
        return []
    confidence, correct = arrays(kept)
    order = np.argsort(-confidence, kind="stable")
    correct, dialogue = correct[order], number_names([j.dialogue_id for j in kept])[order]
    sizes = sorted({max(1, round(len(kept) * step / STEPS)) for step in range(1, STEPS + 1)})
    return [(n / len(kept), float(correct[:n].mean()), _bound(correct[:n], dialogue[:n], level)) for n in sizes]


def _bound(correct: np.ndarray, dialogue: np.ndarray, level: float) -> float:
    return lower_bound_of_dialogues(*by_dialogue(correct, dialogue), level)


def by_intent(
    judged: Sequence[OutOfFoldPrediction], trusted: np.ndarray, rule: Acceptance, params: Autolabel
) -> list[IntentRow]:
    """A row for every predicted intent of the trusted turns, the most frequent first."""
    groups: dict[str, list[OutOfFoldPrediction]] = {}
    for j, take in zip(judged, trusted, strict=True):
        if take:
            groups.setdefault(j.predicted, []).append(j)
    rows = [_row(intent, group, rule, params) for intent, group in groups.items()]
    return sorted(rows, key=lambda row: (-row.turns, row.intent))


def _row(intent: str, group: Sequence[OutOfFoldPrediction], rule: Acceptance, params: Autolabel) -> IntentRow:
    accepted = [j for j in group if rule.accepts(j.predicted, j.confidence)]
    taken = arrays(accepted)[1]
    threshold = rule.thresholds.get(intent, rule.thresholds.get(REST))
    return IntentRow(
        intent,
        len(group),
        threshold if threshold is not None and threshold <= 1 else None,
        len(taken) / len(group),
        float(taken.mean()) if accepted else float("nan"),
        _bound(taken, number_names([j.dialogue_id for j in accepted]), params.confidence_level) if accepted else 0.0,
    )


def write(
    path: Path,
    rule: Acceptance,
    intents: Sequence[IntentRow],
    points: Sequence[Point],
    found: Audit,
    params: Autolabel,
    titles: Mapping[str, Text],
) -> None:
    """Writes the page: one file, no script, nothing fetched. ``titles``: of the intents, by name."""
    lowest = min([params.target_precision, *(bound for _, _, bound in points)])
    steps = min(GRID, GRID - math.ceil(lowest * GRID) + 1)  # neither promise nor curve lies at the foot
    floor = 1 - steps / GRID

    def ypos(share: float) -> float:
        return round(275 - 255 * (share - floor) / (1 - floor), 1)

    def line(column: int) -> str:
        return " ".join(f"{60 + 560 * point[0]:.1f},{ypos(point[column])}" for point in points)

    html = load_template(Path(__file__).parent, TEMPLATE).render(
        rule=rule,
        intents=intents,
        titles=titles,
        audit=found,
        params=params,
        below=sum(row.precision < params.target_precision for row in intents),
        several=len({row.threshold for row in intents}) > 1,
        threshold=_threshold,
        pct=_percent,
        ypos=ypos,
        ticks=[1 - step / GRID for step in range(steps + 1)],
        precision=line(1),
        bound=line(2),
        alarm=-math.log(1 - params.confidence_level),
    )
    write_text(path, html)


def _threshold(row: IntentRow) -> str:
    return "–" if row.threshold is None else f"{row.threshold:.3f}"


def _percent(share: float, digits: int = 1) -> str:
    return "–" if math.isnan(share) else f"{share:.{digits}%}"
