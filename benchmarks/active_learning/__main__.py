"""Do labels asked for in the queue's order teach the labeler faster than labels in random order?

    python -m benchmarks.active_learning [--data ../shared/data] [--sets jd,busy,banking] [--seeds 5]

Real conversations (JD), the same made into a busy day, and Banking77; the truth plays the reviewer. Only
figures are printed, and with ``--plot FILE`` drawn; nothing of the data is kept. docs/queue.md has a run.
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
from benchmarks.active_learning.strategies import STRATEGIES
from kefu.params import Labeler, load

SETS = ("jd", "busy", "banking")


def dataset(name: str, data: Path, seed: int) -> Set:
    if name == "banking":
        return banking(data / "banking77")
    plain = jd(data / "jddc")
    return plain if name == "jd" else busy(plain, {d for d in plain.dialogues if kept_out(d, seed)}, seed)


def run(name: str, data: Path, params: Labeler, seed: int, strategies: list[str]) -> tuple[str, dict[str, Curve]]:
    """All strategies of one set and seed."""
    given = dataset(name, data, seed)
    simulation = Simulation(given, params, seed)
    return given.name, {strategy: simulation.curve(strategy) for strategy in strategies}


def results(
    sets: list[str], data: Path, seeds: int, strategies: list[str], workers: int
) -> Iterator[tuple[str, Curves]]:
    """Set by set: its title, and strategy → a curve a seed."""
    params = load().labeler
    with ProcessPoolExecutor(workers) as pool:
        runs = {
            name: [pool.submit(run, name, data, params, seed, strategies) for seed in range(seeds)] for name in sets
        }
        for futures in runs.values():
            done = [future.result() for future in futures]
            yield done[0][0], {strategy: [curves[strategy] for _, curves in done] for strategy in strategies}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments.add_argument("--sets", default=",".join(SETS), help="some of jd, busy, banking")
    arguments.add_argument("--orders", default=",".join(STRATEGIES), help="some of: " + ", ".join(STRATEGIES))
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--workers", type=int, default=2, help="processes")
    arguments.add_argument("--plot", type=Path, help="PNG to write")
    given = arguments.parse_args()
    started, found, console = time.monotonic(), dict[str, Curves](), Console(width=140)
    orders = given.orders.split(",")
    for name, curves in results(given.sets.split(","), given.data, given.seeds, orders, given.workers):
        found[name] = curves
        console.print(table(name, curves))
    if given.plot:
        plot(found, given.plot)
    console.print(f"{time.monotonic() - started:,.0f} s")


if __name__ == "__main__":
    main()
