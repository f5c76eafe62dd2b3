"""From curves to figures: means over seeds, the area under the curve, and how many labels an order saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from rich.table import Table

from benchmarks.active_learning.simulate import Curve

Curves = Mapping[str, Sequence[Curve]]  # strategy → one curve a seed
COLOURS = {"random": "#888888", "queue": "#1677ff", "former queue": "#e08214"}


def _areas(curves: Sequence[Curve], weighted: bool = False) -> np.ndarray:
    """Mean accuracy along each curve: the area under it, as a share."""
    return np.array([np.mean(curve.weighted if weighted else curve.accuracy) for curve in curves])


def labels_to_reach(curves: Sequence[Curve], accuracy: float) -> float:
    """Labels at which the mean curve first has that accuracy, between rounds in proportion; nan: never."""
    sizes, mean = curves[0].labels, np.mean([curve.accuracy for curve in curves], axis=0)
    reached = np.flatnonzero(mean >= accuracy)
    if not len(reached):
        return float("nan")
    at = int(reached[0])
    if at == 0:
        return float(sizes[0])
    share = (accuracy - mean[at - 1]) / (mean[at] - mean[at - 1])
    return float(sizes[at - 1] + share * (sizes[at] - sizes[at - 1]))


def table(name: str, curves: Curves) -> Table:
    """A row a strategy; differences are to random order, seed by seed."""
    base = curves["random"]
    final = float(np.mean([curve.accuracy[-1] for curve in base]))
    first, last = base[0].labels[0], base[0].labels[-1]
    shown = Table(title=f"{name}: {first} to {last} labels, {len(base)} seeds, mean ± sd")
    for column in (
        "order",
        "area",
        "over random",
        "seeds won",
        f"at {last}",
        "labels to random's end",
        "weighted area",
    ):
        shown.add_column(column)
    shown.add_column("dialogues a 100")
    step = base[0].labels[1] - first
    for strategy, runs in curves.items():
        area, end = _areas(runs), np.array([curve.accuracy[-1] for curve in runs])
        gain, weighted = area - _areas(base), _areas(runs, weighted=True)
        shown.add_row(
            strategy,
            f"{area.mean():.1%} ± {_sd(area):.1%}",
            f"{100 * gain.mean():+.1f} ± {100 * _sd(gain):.1f} pt",
            f"{int((gain > 0).sum())} of {len(gain)}",
            f"{end.mean():.1%} ± {_sd(end):.1%}",
            f"{labels_to_reach(runs, final):,.0f}",
            f"{weighted.mean():.1%} ± {_sd(weighted):.1%}",
            f"{100 * np.mean([curve.dialogues for curve in runs]) / step:.0f}",
        )
    return shown


def _sd(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def plot(results: Mapping[str, Curves], path: Path) -> None:
    """The main orders' mean curves with one standard deviation, a panel a set; the last one by traffic."""
    figure, panels = plt.subplots(1, len(results), figsize=(4.2 * len(results), 3.4), squeeze=False)
    for panel, (name, curves) in zip(panels[0], results.items(), strict=True):
        busy = "busy" in name
        for strategy in (s for s in curves if s in COLOURS):
            runs = np.array([c.weighted if busy else c.accuracy for c in curves[strategy]]) * 100
            sizes, mean, spread = curves[strategy][0].labels, runs.mean(axis=0), runs.std(axis=0)
            panel.plot(sizes, mean, color=COLOURS[strategy], label=strategy)
            panel.fill_between(sizes, mean - spread, mean + spread, color=COLOURS[strategy], alpha=0.12, linewidth=0)
        panel.set(title=name, xlabel="labels by people", ylabel=f"accuracy{', by traffic' if busy else ''}, %")
        panel.grid(alpha=0.3)
    panels[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
