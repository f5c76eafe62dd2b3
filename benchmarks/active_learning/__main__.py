"""Do labels asked for in the queue's order teach the labeler faster than labels in random order?

    python -m benchmarks.active_learning [--data ../shared/data] [--sets jd,busy,banking] [--plot FILE]

Real conversations (JD), the same made into a busy day, and Banking77; the truth plays the reviewer. Only
figures are printed, and with ``--plot FILE`` drawn; nothing of the data is kept. docs/measurements/queue.md has a run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console

from benchmarks.active_learning.busy import busy
from benchmarks.active_learning.data import Set, banking, jd
from benchmarks.active_learning.report import Curves, plot, table
from benchmarks.active_learning.simulate import Curve, Simulation, kept_out
from data.labeling.params import Labeler
from pipelines.params import load_params

MAIN = ("random", "queue", "former queue")
# Set → seeds and orders; JD has no near-duplicates, hence no traffic to leave out.
SETS = {
    "jd": (5, (*MAIN, "former queue without diversity")),
    "busy": (3, (*MAIN, "former queue without diversity", "former queue without traffic")),
    "banking": (3, MAIN),
}


def dataset(name: str, data: Path, seed: int) -> Set:
    if name == "banking":
        return banking(data / "banking77")
    plain = jd(data / "jddc")
    return plain if name == "jd" else busy(plain, {d for d in plain.dialogues if kept_out(d, seed)}, seed)


def run(name: str, data: Path, params: Labeler, seed: int, order: str) -> tuple[str, Curve]:
    """One curve, and the title of its set."""
    given = dataset(name, data, seed)
    return given.name, Simulation(given, params, seed).curve(order)


def results(sets: list[str], data: Path, workers: int, first: int) -> Iterator[tuple[str, Curves]]:
    """Set by set: its title, and order → a curve a seed, from the ``first`` on."""
    params = load_params().labeler
    with ProcessPoolExecutor(workers) as pool:
        runs = {
            name: {
                order: [pool.submit(run, name, data, params, first + n, order) for n in range(SETS[name][0])]
                for order in SETS[name][1]
            }
            for name in sets
        }
        for orders in runs.values():
            done = {order: [future.result() for future in futures] for order, futures in orders.items()}
            yield done["random"][0][0], {order: [curve for _, curve in some] for order, some in done.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments.add_argument("--sets", default=",".join(SETS), help="some of jd, busy, banking")
    arguments.add_argument("--workers", type=int, default=2, help="processes")
    arguments.add_argument("--seed", type=int, default=0, help="the first seed; from 5 on the folds are others")
    arguments.add_argument("--plot", type=Path, help="PNG to write")
    given = arguments.parse_args()
    started, found, console = time.monotonic(), dict[str, Curves](), Console(width=140)
    for name, curves in results(given.sets.split(","), given.data, given.workers, given.seed):
        found[name] = curves
        console.print(table(name, curves))
    if given.plot:
        plot(found, given.plot)
    console.print(f"{time.monotonic() - started:,.0f} s")


if __name__ == "__main__":
    main()
