"""Several ways to tell a customer turn's intent, on JD's conversations and on Banking77, compared fairly.

    python -m benchmarks.labeling [--data ../shared/data] [--fold 0] [--set jd|banking77|folds|nearest] [--encoder]
                                  [--base store/base/centre]

Every method learns from the same turns and is measured on the same turns kept out, in two views: the router's
(what came before) and the labeler's (the whole dialogue, the answer too). Rows named Kefu are the product's own
code (``train_router``, ``train_labeler``), untouched, and the same without what the pack knows, and with that alone.
``folds`` is the product on each of JD's five folds; of folds 1 to 4 the authors of the pack's words and examples
had read turns, of fold 0 none. Banking77's questions stand alone: only the router's view.
``nearest``: the labeler alone and with its nearest reviewed turns (``nearest_turns.py``), out of fold.
Slow rows are asked for: ``--encoder`` (the optional sentence encoder), ``--base`` (a base model's folder, as
``make demo`` builds one: its hidden states, and fine-tuned). Peers and the encoder are installed on the first run
(``requirements.txt`` here). What the figures were, and what else was tried: ``docs/measurements/labeling.md``.
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
from benchmarks.labeling import base, methods, nearest_turns, peers
from benchmarks.labeling.judge import Figures, JudgePredictions, figures
from benchmarks.labeling.opinions import TaskRows
from benchmarks.labeling.product import product, variants
from benchmarks.labeling.task import Task, of_banking, of_jd
from data.labeling.labeler import train_labeler
from kefu.paths import ROOT
from pipelines.params import Params, load_params

ENCODER = "use-multilingual"
JD = ("jddc", "labels.jsonl")
NEEDED = {"jd": JD, "folds": JD, "nearest": JD, "banking77": ("banking77", "train.csv")}
HEAD = ("method", "accuracy", "macro F1", "ECE", "accuracy at 80 %", "seconds", "ms a turn")


Methods = Mapping[str, methods.Scores]


def rows(
    task: Task, view: str, params: Params, encoder: bool, beside: Methods
) -> Iterator[tuple[str, Callable[[], JudgePredictions]]]:
    """Method → what runs it."""
    prepared = TaskRows(task, view)
    yield "Kefu", lambda: product(task, view, params)
    yield from variants(task, view, params).items()
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


def with_neighbours(task: Task, params: Params, console: Console) -> None:
    """Accuracy of the labeler on its own training turns, out of fold, without and with its neighbours."""
    with tempfile.TemporaryDirectory() as folder:
        judged = train_labeler(task.train, task.rules, params.labeler, Path(folder), task.phrases)
        dialogues = {turn.dialogue.id: turn.dialogue for turn in task.train}
        alone, combined = nearest_turns.measure(Path(folder), task.rules, judged, dialogues)
    console.print(f"{task.name}, {len(judged)} turns out of fold: labeler {alone:.3f}, with neighbours {combined:.3f}")


def _cells(f: Figures) -> list[str]:
    ms = "–" if np.isnan(f.ms) else f"{f.ms:.2f}"
    return [f"{f.accuracy:.3f}", f"{f.macro_f1:.3f}", f"{f.ece:.3f}", f"{f.accuracy_at_80:.3f}", f"{f.train_s:.0f}", ms]


def arguments() -> argparse.Namespace:
    """Ends the program with a clear message when the data are not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with jddc/, banking77/")
    parser.add_argument("--fold", type=int, choices=range(FOLDS), default=0, help="of JD, kept out")
    parser.add_argument("--encoder", action="store_true", help="also with the optional sentence encoder (slow)")
    parser.add_argument("--set", choices=tuple(NEEDED), help="only this one")
    parser.add_argument("--base", type=Path, help="folder of a base model whose rows are wanted too (slow)")
    given = parser.parse_args()
    for name in (given.set,) if given.set else NEEDED:
        path = given.data.joinpath(*NEEDED[name])
        if not path.is_file():
            parser.error(f"{path} is missing: --data names the folder that holds {NEEDED[name][0]}/")
    return given


def main() -> None:
    given = arguments()
    console, params, pack = Console(width=150), load_params(), ROOT / "shop"
    peers.ready()
    beside = methods.METHODS | (base.methods(given.base) if given.base else {})
    if given.set in (None, "jd"):
        task = of_jd(jd(given.data / "jddc"), pack, given.fold)
        for view in ("router", "labeler"):
            compare(task, view, params, given.encoder, beside, console)
    if given.set in (None, "folds"):
        tasks = [of_jd(jd(given.data / "jddc"), pack, fold) for fold in range(FOLDS)]
        every_fold(tasks, params, given.encoder, console)
    if given.set in (None, "nearest"):
        with_neighbours(of_jd(jd(given.data / "jddc"), pack, given.fold), params, console)
    if given.set in (None, "banking77"):
        with tempfile.TemporaryDirectory() as folder:
            task = of_banking(banking(given.data / "banking77"), Path(folder))
            compare(task, "router", params, given.encoder, beside, console)


if __name__ == "__main__":
    main()
