"""Runs the suites and sets challenger and champion side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.bootstrap import confidence_interval, paired_bootstrap, smallest_tolerance
from evaluation.candidate import ReleaseUnderTest
from evaluation.items import Items
from evaluation.metrics import METRICS
from evaluation.result import Result
from evaluation.suites import SUITES, frozen
from kefu.schema import MetricDifference, Report
from kefu.shop.part import Text

Results = Mapping[str, Result]


def run_suites(release: ReleaseUnderTest, items: Items) -> dict[str, Result]:
    """Runs every suite on one release; of the frozen sets each is one."""
    results = {name: suite(release, items) for name, suite in SUITES.items()}
    return results | {one.suite: frozen.run(release, items, one) for one in items.frozen}


def report(name: str, version: str, results: Results) -> Report:
    """The figures alone, as the gate reads them."""
    return Report(model=name, version=version, suites={suite: result.metrics for suite, result in results.items()})


@dataclass(frozen=True)
class MetricRow:
    """One metric of both models.

    interval, difference: the challenger's 95 % interval, and the difference with its own, where the metric is a mean
    over items.
    """

    suite: str
    metric: str
    challenger: float
    interval: tuple[float, float] | None
    champion: float | None
    difference: MetricDifference | None

    @property
    def title(self) -> Text:
        return METRICS[self.metric].title

    @property
    def trend(self) -> str:
        """'better' or 'worse' when the interval leaves out zero, else 'not shown' (no champion: '')."""
        if self.difference is None:
            return ""
        if not self.difference.significant:
            return "not shown"
        return "better" if (self.difference.delta > 0) == METRICS[self.metric].higher_is_better else "worse"

    @property
    def would_show(self) -> float | None:
        """The smallest drop that can be ruled out for an equal challenger, four times out of five."""
        return None if self.difference is None else smallest_tolerance(self.difference)


def compare(challenger: Results, champion: Results | None, seed: int) -> list[MetricRow]:
    """One row a metric, in the order of suites and metrics."""
    return [
        MetricRow(
            suite=suite,
            metric=metric,
            challenger=value,
            interval=confidence_interval(result.samples[metric], seed) if metric in result.samples else None,
            champion=champion[suite].metrics.get(metric) if champion and suite in champion else None,
            difference=_difference(result, champion[suite], metric, seed) if champion and suite in champion else None,
        )
        for suite, result in challenger.items()
        for metric, value in result.metrics.items()
    ]


def _difference(challenger: Result, champion: Result, metric: str, seed: int) -> MetricDifference | None:
    if metric not in challenger.samples or metric not in champion.samples:
        return None
    return paired_bootstrap(challenger.samples[metric], champion.samples[metric], seed)
