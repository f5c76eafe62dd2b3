"""Several ways to tell a customer turn's intent, on JD's conversations and on Banking77, compared fairly.

    python -m benchmarks.labeling [--data ../shared/data] [--fold 0] [--all-folds] [--no-encoder] [--set jd|banking77]
                                  [--base data/store/base/centre]

Every method learns from the same turns and is measured on the same turns kept out, in two views: the router's
(what came before) and the labeler's (the whole dialogue, the answer too). Rows named Kefu are the product's own
code (``train_router``, ``train_labeler``), untouched; ``--all-folds`` measures those alone on each of JD's folds.
Banking77's questions stand alone: only the router's view. Rows of the base model need one: ``make demo`` builds it,
or ``--base`` names a model's folder. Peers and the optional encoder are installed on the
first run (``requirements.txt`` here). What the figures were, and what else was tried: ``docs/labeling.md``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.active_learning.data import banking, jd
from benchmarks.jddc.workspace import FOLDS
from benchmarks.labeling import base, methods, peers
from benchmarks.labeling.judge import Figures, Said, figures
from benchmarks.labeling.opinions import Prepared
from benchmarks.labeling.product import product
from benchmarks.labeling.task import Task, of_banking, of_jd
from kefu.params import Params, load
from kefu.paths import BASE, ROOT

ENCODER = "use-multilingual"
NEEDED = {"jd": ("jddc", "labels.jsonl"), "banking77": ("banking77", "train.csv")}
HEAD = ("method", "accuracy", "macro F1", "ECE", "accuracy at 80 %", "seconds", "ms a turn")


Methods = Mapping[str, methods.Scores]


def rows(
    task: Task, view: str, params: Params, encoder: bool, beside: Methods
) -> Iterator[tuple[str, Callable[[], Said]]]:
    """Method → what runs it."""
    prepared = Prepared(task, view)
    yield "Kefu", lambda: product(task, view, params, "none")
    for name, scores in beside.items():
        yield name, lambda scores=scores: methods.run(prepared, scores)  # type: ignore[misc]
    if encoder:
        yield f"Kefu, encoder {ENCODER}", lambda: product(task, view, params, ENCODER)


def compare(task: Task, view: str, params: Params, encoder: bool, beside: Methods, console: Console) -> None:
    title = f"{task.name}, {view}: {len(task.train)} turns to learn from, {len(task.test)} kept out"
    table = Table(*HEAD, title=title)
    for name, run in rows(task, view, params, encoder, beside):
        cells = _cells(figures(task, run()))
        console.print(f"{task.name}, {view}: {name}: {', '.join(cells)}")
        table.add_row(name, *cells)
    console.print(table)


def every_fold(tasks: list[Task], params: Params, encoder: bool, console: Console) -> None:
    """The product on each fold: means and standard deviations."""
    table = Table(*HEAD, title=f"JD, mean of {len(tasks)} folds ± standard deviation")
    for view in ("router", "labeler"):
        for name in ("none", ENCODER) if encoder else ("none",):
            found = [figures(task, product(task, view, params, name)) for task in tasks]
            values = np.array([list(vars(one).values()) for one in found])
            means, spread = Figures(*values.mean(axis=0)), values[:, 0].std(ddof=1)
            cells = _cells(means)
            table.add_row(f"Kefu {view}, encoder {name}", f"{cells[0]} ± {spread:.3f}", *cells[1:])
    console.print(table)


def _cells(f: Figures) -> list[str]:
    ms = "–" if np.isnan(f.ms) else f"{f.ms:.2f}"
    return [f"{f.accuracy:.3f}", f"{f.macro_f1:.3f}", f"{f.ece:.3f}", f"{f.accuracy_at_80:.3f}", f"{f.train_s:.0f}", ms]


def arguments() -> argparse.Namespace:
    """Ends the program with a clear message when the data are not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with jddc/, banking77/")
    parser.add_argument("--fold", type=int, choices=range(FOLDS), default=0, help="of JD, kept out")
    parser.add_argument("--all-folds", action="store_true", help="only the product, on each of JD's folds")
    parser.add_argument("--no-encoder", action="store_true")
    parser.add_argument("--set", choices=tuple(NEEDED), help="only this one")
    parser.add_argument("--base", type=Path, default=BASE / "centre", help="folder of the base model")
    given = parser.parse_args()
    for name in ("jd",) if given.all_folds else (given.set,) if given.set else NEEDED:
        path = given.data.joinpath(*NEEDED[name])
        if not path.is_file():
            parser.error(f"{path} is missing: --data names the folder that holds {NEEDED[name][0]}/")
    return given


def main() -> None:
    given = arguments()
    console, params, pack = Console(width=150), load(), ROOT / "shop"
    peers.ready()
    if given.all_folds:
        tasks = [of_jd(jd(given.data / "jddc"), pack, fold) for fold in range(FOLDS)]
        every_fold(tasks, params, not given.no_encoder, console)
        return
    of_base = base.methods(given.base)
    if not of_base:
        console.print(f"{given.base} holds no model: the base model's rows are left out (`make demo` builds one)")
    beside = methods.METHODS | of_base
    if given.set != "banking77":
        task = of_jd(jd(given.data / "jddc"), pack, given.fold)
        for view in ("router", "labeler"):
            compare(task, view, params, not given.no_encoder, beside, console)
    if given.set != "jd":
        with tempfile.TemporaryDirectory() as folder:
            task = of_banking(banking(given.data / "banking77"), Path(folder))
            compare(task, "router", params, not given.no_encoder, beside, console)


if __name__ == "__main__":
    main()
