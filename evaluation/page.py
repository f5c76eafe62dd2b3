"""The report as one HTML file that needs nothing else: verdict, golden conversations, figures, plots, worst answers.

Everything shown was said by customers or models, so everything is escaped (``kefu/pages``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.compare import MetricRow, Results
from evaluation.forgetting.forgotten import forgotten
from evaluation.result import Fault, Result
from kefu.pages.templates import load_template
from kefu.schema import Prediction, Report, SpokenTurn
from kefu.shop.part import Text

WORST = 10
TEMPLATE = "page.html.j2"
ANSWERS = {
    "answers": Text(zh="中心模型", en="centre model"),
    "edge": Text(zh="边缘模型", en="edge model"),
    "constant": Text(zh="最好的一句套话", en="the best constant sentence"),
    "first_entry": Text(zh="照抄提示里的第一条知识", en="the prompt's first knowledge entry, copied"),
}


@dataclass(frozen=True)
class Talk:
    """A golden conversation as it went.

    turns: what was said, each with its faults. end: faults of the end state. before: whether it went well with the
    champion; None without one.
    """

    name: str
    title: Text
    turns: list[tuple[SpokenTurn, list[Fault]]]
    end: list[Fault]
    before: bool | None

    @property
    def faults(self) -> int:
        return len(self.end) + sum(len(faults) for _, faults in self.turns)


def render(
    challenger: Report, champion: Report | None, rows: Sequence[MetricRow], own: Results, other: Results | None
) -> str:
    """The page. ``own`` and ``other`` are the results of challenger and champion."""
    golden = talks(own["flows"], other["flows"] if other else None)
    return load_template(Path(__file__).parent, TEMPLATE).render(
        challenger=challenger,
        champion=champion,
        summary=summary(rows, golden, champion is not None),
        rows=rows,
        answers={suite: (title, own[suite].metrics) for suite, title in ANSWERS.items()},
        constants=sorted({p.predicted for p in own["constant"].predictions}),
        reliability=own["router"].tables["reliability"].rows,
        confusion=confusion(own["router"]),
        errors=own["router"].tables["errors"].rows[:WORST],
        worst={suite: worst(own[suite], other[suite] if other else None) for suite in ("answers", "edge")},
        forgotten=forgotten(own, other),
        golden=golden,
    )


def summary(rows: Sequence[MetricRow], golden: Sequence[Talk], compared: bool) -> tuple[str, str]:
    """The verdict in one line, in Chinese and in English."""
    well = sum(not talk.faults for talk in golden)
    zh, en = f"黄金对话 {well} / {len(golden)} 如预期", f"golden conversations as they must be: {well} of {len(golden)}"
    if not compared:
        return zh, en
    trends = Counter(row.trend for row in rows)
    better, worse = trends["better"], trends["worse"]
    return f"{worse} 项变差，{better} 项变好；{zh}", f"worse than the champion: {worse}, better: {better}; {en}"


def talks(own: Result, other: Result | None) -> list[Talk]:
    """The golden conversations, those with faults first where the champion had none."""
    before = {p.id: bool(p.score) for p in other.predictions} if other else {}
    found = []
    for p in own.predictions:
        *faults, end = own.faults[p.id]
        turns = list(zip(own.conversations[p.id], faults, strict=True))
        found.append(Talk(p.id, own.titles[p.id], turns, end, before.get(p.id)))
    return sorted(found, key=lambda talk: not talk.before)


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
