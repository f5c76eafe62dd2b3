"""The gate: may this challenger serve? Every bound of params.yaml must hold; one miss keeps it out.

A bound that names no measured metric is an error, not a pass: a misspelt bound would guard nothing. A
figure that is not a number fails. ``better_than_constant`` reads an interval: its lower end must be above zero, so a
model that says one sentence to everybody, or a lucky draw of questions, does not pass.

``not_worse_than_champion`` is a test of non-inferiority (``evaluation.bootstrap``): better, not worse, worse, or too
few items to tell by ``min_power`` and ``min_customers``. Then `promote.too_few_items` says what closes the gate: a
figure that falls short, only one that falls short by more than chance, or the lack of items itself. On frozen sets
only a drop beyond chance closes the gate: there are many of them, each is small, and half of all harmless releases
would fall short on one by chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from evaluation.bootstrap import Comparison, PowerRule, compare_with_tolerance
from evaluation.forgetting.frozen_sets import SUITE
from evaluation.metrics import METRICS, OPTIONAL_SUITES
from evaluation.params import Gate
from kefu.errors import KefuError
from kefu.schema import MetricDifference, Record, Report

Verdict = Literal["pass", "fail", "no champion"] | Comparison


class GateError(KefuError, ValueError):
    """The gate's parameters do not fit the reports; the message names the metric and what is known."""


class GateRow(Record):
    """One bound: what, how it reads, what was measured, the champion's figure, the verdict, if it closes the gate."""

    what: str
    bound: str
    value: float
    champion: float | None
    verdict: Verdict
    closes: bool


class GateDecision(Record):
    """The verdict with every row that led to it."""

    verdict: Literal["pass", "fail"]
    rows: tuple[GateRow, ...]


def markdown(decision: GateDecision) -> str:
    """The rows as a table, for the description of a registered version."""
    lines = [
        f"Gate: {decision.verdict}.",
        "",
        "| figure | bound | challenger | champion | verdict |",
        "|---|---|---|---|---|",
    ]
    for row in decision.rows:
        before = "–" if row.champion is None else f"{row.champion:.4g}"
        lines.append(f"| {row.what} | {row.bound} | {row.value:.4g} | {before} | {row.verdict} |")
    return "\n".join(lines)


def flat(report: Report) -> dict[str, float]:
    """``suite.metric`` → value."""
    return {f"{suite}.{name}": value for suite, metrics in report.suites.items() for name, value in metrics.items()}


def higher_is_better(name: str) -> bool:
    """Direction of ``suite.metric``. Raises GateError for a metric that is not registered."""
    metric = METRICS.get(name.rpartition(".")[2])
    if metric is None:
        raise GateError(f"{name}: not a metric; known metrics: {', '.join(METRICS)}")
    return metric.higher_is_better


def _fixed(name: str, bound: str, value: float, champion: float | None, held: bool) -> GateRow:
    verdict: Verdict = "pass" if held else "fail"
    return GateRow(what=name, bound=bound, value=value, champion=champion, verdict=verdict, closes=not held)


def _against_champion(
    gate: Gate,
    name: str,
    tolerance: float,
    value: float,
    champion: float | None,
    difference: MetricDifference | None,
) -> GateRow:
    higher = higher_is_better(name)
    bound = f"{'≥ champion −' if higher else '≤ champion +'} {tolerance:g}"
    # A champion without this figure (or with NaN) is no bar to clear; the fixed bounds still stand.
    if math.isnan(value):
        verdict: Verdict = "fail"
    elif champion is None or math.isnan(champion):
        verdict = "no champion"
    elif difference is None:
        verdict = "not worse" if _is_tolerated(value, champion, higher, tolerance) else "worse"
    else:
        bound += f" (95 %: {difference.low:+.3g} … {difference.high:+.3g}, {difference.customers} customers)"
        rule = PowerRule(gate.min_power, gate.min_customers)
        verdict = compare_with_tolerance(difference, higher, tolerance, rule)
    closes = verdict in ("fail", "worse")
    if verdict == "too few items" and champion is not None:
        short = not _is_tolerated(value, champion, higher, tolerance)
        closes = {"figure": short, "drop": short and _is_drop(difference, higher), "fail": True}[gate.too_few_items]
    return GateRow(what=name, bound=bound, value=value, champion=champion, verdict=verdict, closes=closes)


def _is_drop(difference: MetricDifference | None, higher_is_better: bool) -> bool:
    """Whether the whole 95 % interval is on the worse side of zero."""
    return difference is not None and (difference.high < 0 if higher_is_better else difference.low > 0)


def _is_tolerated(value: float, champion: float, higher_is_better: bool, tolerance: float) -> bool:
    # Rounded: 0.8 - 0.79 must not fail a tolerance of 0.01 by a floating point's last bit.
    return round(champion - value if higher_is_better else value - champion, 12) <= tolerance


def _frozen(
    gate: Gate, name: str, value: float, champion: float | None, difference: MetricDifference | None
) -> GateRow:
    """As against the champion, but a drop within chance does not close: a frozen set is small, and asked every day."""
    row = _against_champion(gate, name, gate.frozen_drop, value, champion, difference)
    if row.closes and difference and difference.high >= -gate.frozen_drop:
        return row.model_copy(update={"verdict": "too few items", "closes": False})
    return row


def decide(gate: Gate, challenger: Report, champion: Report | None) -> GateDecision:
    """Checks every bound. Raises GateError when a bound names a metric that was not measured."""
    values, before = flat(challenger), flat(champion) if champion else {}
    gains = [f"{suite}.gain_over_constant_low" for suite in gate.better_than_constant]
    _known([*gate.at_least, *gate.at_most, *gains, *gate.not_worse_than_champion], values)
    optional = [_measured(bounds, values) for bounds in (gate.where_measured.at_least, gate.where_measured.at_most)]
    at_least, at_most = gate.at_least | optional[0], gate.at_most | optional[1]
    rows = [_fixed(n, f"≥ {b:g}", values[n], before.get(n), values[n] >= b) for n, b in at_least.items()]
    rows += [_fixed(n, f"≤ {b:g}", values[n], before.get(n), values[n] <= b) for n, b in at_most.items()]
    rows += [_fixed(n, "> 0", values[n], before.get(n), values[n] > 0) for n in gains]
    rows += [
        _against_champion(gate, n, tolerance, values[n], before.get(n), challenger.differences.get(n))
        for n, tolerance in gate.not_worse_than_champion.items()
    ]
    rows += [
        _frozen(gate, n, values[n], before.get(n), challenger.differences.get(n)) for n in values if n.startswith(SUITE)
    ]
    failed = any(row.closes for row in rows)
    return GateDecision(verdict="fail" if failed else "pass", rows=tuple(rows))


def _measured(bounds: Mapping[str, float], values: Mapping[str, float]) -> dict[str, float]:
    """The bounds whose suite was measured. Raises GateError for a name that never is."""
    for name in bounds:
        suite = name.partition(".")[0]
        if suite not in OPTIONAL_SUITES:
            raise GateError(f"params.yaml: promote.where_measured: {name}: known suites: {', '.join(OPTIONAL_SUITES)}")
        higher_is_better(name)
    return {name: bound for name, bound in bounds.items() if name in values}


def _known(named: Sequence[str], values: Mapping[str, float]) -> None:
    if unknown := sorted(set(named) - values.keys()):
        raise GateError(f"params.yaml: promote: {', '.join(unknown)}: not measured; measured are {', '.join(values)}")
