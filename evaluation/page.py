"""The report as one HTML file that needs nothing else: tables, plots (SVG), worst answers, golden failures.

Everything shown was said by customers or models, so everything is escaped (Jinja2 autoescape).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from evaluation.compare import MetricRow, Results
from evaluation.forgetting.forgotten import forgotten
from evaluation.result import Result
from kefu.schema import Prediction, Report

WORST = 10
TEMPLATE = "page.html.j2"
ANSWERS = {
    "answers": "centre model",
    "edge": "edge model",
    "constant": "the best constant sentence",
    "first_entry": "the prompt's first knowledge entry, copied",
}


def render(
    challenger: Report, champion: Report | None, rows: Sequence[MetricRow], own: Results, other: Results | None
) -> str:
    """The page. ``own`` and ``other`` are the results of challenger and champion."""
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    return environment.get_template(TEMPLATE).render(
        challenger=challenger,
        champion=champion,
        rows=rows,
        answers={title: own[suite].metrics for suite, title in ANSWERS.items()},
        constants=sorted({p.predicted for p in own["constant"].predictions}),
        reliability=own["router"].tables["reliability"].rows,
        confusion=confusion(own["router"]),
        errors=own["router"].tables["errors"].rows[:WORST],
        worst={suite: worst(own[suite], other[suite] if other else None) for suite in ("answers", "edge")},
        forgotten=forgotten(own, other),
        golden=own["flows"].predictions,
        golden_before={p.id: p for p in other["flows"].predictions} if other else {},
    )


def confusion(router: Result) -> dict[str, Any]:
    """Intents and a square of shares: row = right intent, column = predicted."""
    pairs = Counter((str(actual), str(predicted)) for actual, predicted in router.tables["confusion"].rows)
    names = sorted({name for pair in pairs for name in pair})
    totals = {name: sum(pairs[name, other] for other in names) for name in names}
    cells = [
        {"x": x, "y": y, "count": pairs[actual, predicted], "share": pairs[actual, predicted] / totals[actual]}
        for y, actual in enumerate(names)
        for x, predicted in enumerate(names)
        if pairs[actual, predicted]
    ]
    return {"names": names, "cells": cells}


def worst(own: Result, other: Result | None) -> list[tuple[Prediction, Prediction | None]]:
    """The lowest scored answers, each beside the champion's answer to the same question."""
    before = {p.id: p for p in other.predictions} if other else {}
    ordered = sorted(own.predictions, key=lambda p: (p.score, p.id))[:WORST]
    return [(prediction, before.get(prediction.id)) for prediction in ordered]
