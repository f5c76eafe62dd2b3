"""The gate: may this challenger serve? Every bound of params.yaml must hold; one miss keeps it out.

A bound that names no measured metric is an error, not a pass: a misspelt bound would guard nothing. A
figure that is not a number fails. ``better_than_constant`` reads an interval: its lower end must be above zero, so a
model that says one sentence to everybody, or a lucky draw of questions, does not pass.

``not_worse_than_champion`` is a test of non-inferiority: the whole 95 % interval of the difference must be better than
the tolerated drop. Where only the figure is, the verdict is "too few items", which `promote.too_few_items` lets pass
or not. A figure that is worse than tolerated fails.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from evaluation.metrics import METRICS
from evaluation.params import Gate
from kefu.errors import KefuError
from kefu.schema import MetricDifference, Record, Report

Verdict = Literal["pass", "fail", "no champion", "too few items"]


class GateError(KefuError, ValueError):
    """The gate's parameters do not fit the reports; the message names the metric and what is known."""


class GateRow(Record):
    """One bound: what, how it reads, what was measured, the champion's figure, the verdict."""

    what: str
    bound: str
    value: float
    champion: float | None
    verdict: Verdict


class GateDecision(Record):
    """The verdict with every row that led to it."""

    verdict: Literal["pass", "fail"]
    rows: tuple[GateRow, ...]


def flat(report: Report) -> dict[str, float]:
    """``suite.metric`` → value."""
    return {f"{suite}.{name}": value for suite, metrics in report.suites.items() for name, value in metrics.items()}


def higher_is_better(name: str) -> bool:
    """Direction of ``suite.metric``. Raises GateError for a metric that is not registered."""
    metric = METRICS.get(name.rpartition(".")[2])
    if metric is None:
        raise GateError(f"{name}: not a metric; known metrics: {', '.join(METRICS)}")
    return metric.higher_is_better


def _verdict(held: bool) -> Verdict:
    return "pass" if held else "fail"


def _against_champion(
    name: str, tolerance: float, value: float, champion: float | None, difference: MetricDifference | None
) -> GateRow:
    higher = higher_is_better(name)
    bound = f"{'≥ champion −' if higher else '≤ champion +'} {tolerance:g}"
    # A champion without this figure (or with NaN) is no bar to clear; the fixed bounds still stand.
    if champion is None or math.isnan(champion):
        verdict: Verdict = "no champion" if not math.isnan(value) else "fail"
    else:
        # Rounded: 0.8 - 0.79 must not fail a tolerance of 0.01 by a floating point's last bit.
        verdict = _verdict(round(champion - value if higher else value - champion, 12) <= tolerance)
        if verdict == "pass" and difference:
            bound += f" (95 %: {difference.low:+.3g} … {difference.high:+.3g})"
            worst = round(-difference.low if higher else difference.high, 12)
            verdict = "pass" if worst <= tolerance else "too few items"
    return GateRow(what=name, bound=bound, value=value, champion=champion, verdict=verdict)


def decide(gate: Gate, challenger: Report, champion: Report | None) -> GateDecision:
    """Checks every bound. Raises GateError when a bound names a metric that was not measured."""
    values, before = flat(challenger), flat(champion) if champion else {}
    gains = [f"{suite}.gain_over_constant_low" for suite in gate.better_than_constant]
    _known([*gate.at_least, *gate.at_most, *gains, *gate.not_worse_than_champion], values)
    rows = [
        GateRow(what=n, bound=f"≥ {b:g}", value=values[n], champion=before.get(n), verdict=_verdict(values[n] >= b))
        for n, b in gate.at_least.items()
    ]
    rows += [
        GateRow(what=n, bound=f"≤ {b:g}", value=values[n], champion=before.get(n), verdict=_verdict(values[n] <= b))
        for n, b in gate.at_most.items()
    ]
    rows += [
        GateRow(what=n, bound="> 0", value=values[n], champion=before.get(n), verdict=_verdict(values[n] > 0))
        for n in gains
    ]
    rows += [
        _against_champion(n, t, values[n], before.get(n), challenger.differences.get(n))
        for n, t in gate.not_worse_than_champion.items()
    ]
    closing = {"fail", "too few items"} if gate.too_few_items == "fail" else {"fail"}
    failed = any(row.verdict in closing for row in rows)
    return GateDecision(verdict="fail" if failed else "pass", rows=tuple(rows))


def _known(named: Sequence[str], values: Mapping[str, float]) -> None:
    if unknown := sorted(set(named) - values.keys()):
        raise GateError(f"params.yaml: promote: {', '.join(unknown)}: not measured; measured are {', '.join(values)}")
