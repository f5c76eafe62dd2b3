"""Are customers served? Thousands of scripted conversations with a release, or the golden files of a folder.

    python -m benchmarks.conversations [--count 500] [--seed 1] [--trials 4] [--release FOLDER] [--show 20]
    python -m benchmarks.conversations --golden shop/golden [--release FOLDER]

Scripted customers come from the release's own pack (``shop/simulator``), and only from the half of its wordings that
nothing learns from. Without ``--release``: ``store/release`` if it is there, else the tests' micro release, built anew.
The figures beside it were judged by hand. Method and results: docs/measurements/conversations.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evaluation.candidate import ReleaseUnderTest, open_release
from evaluation.golden import load_goldens
from evaluation.simulator.cases import draw_case
from evaluation.simulator.play import Played, play
from evaluation.simulator.summary import acts_share, by_goal, by_habit, faults, figures, pass_hat
from evaluation.simulator.world import World
from evaluation.suites import flows
from kefu.paths import RELEASE, ROOT
from kefu.shop.pack import load_pack
from kefu.shop.wordings.scripts import Scripts
from pipelines.params import load_params

BEFORE = "by hand, before the acts: 46 of 140 answers good, 4 of 37 conversations good"


def main() -> None:
    """Prints the tables; exit status 1 when a write was wrong, or a golden file failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, help="conversations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=4, help="customers with the same wish, in other words")
    parser.add_argument("--release", type=Path)
    parser.add_argument("--golden", type=Path, help="folder of golden files to play instead")
    parser.add_argument("--show", type=int, default=0, help="failed conversations to print")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kefu-conversations-") as folder:
        release = asked.release or _release(Path(folder) / "release")
        with open_release("challenger", release, load_params().serving) as opened:
            if asked.golden:
                failed = play_goldens(opened, asked.golden)
            else:
                with open_world(release) as world:
                    failed = simulate(opened, world, asked.count, asked.seed, asked.trials, asked.show, asked.first)
    raise SystemExit(bool(failed))


def _release(folder: Path) -> Path:
    if (RELEASE / "manifest.json").is_file():
        return RELEASE
    from tests.fixtures.micro import build  # the models of the tests: training them takes seconds

    build(ROOT / load_params().pack, folder)
    return folder


@contextmanager
def open_world(release: Path) -> Iterator[World]:
    """The shop of a release's pack, with the half of its wordings that measures."""
    pack = load_pack(release / "pack")
    if pack.shop.demo_now is None:
        raise SystemExit(f"{release}/pack/pack.yaml: no demo_now: scripted customers need a database that stands still")
    with tempfile.TemporaryDirectory(prefix="kefu-world-") as folder:
        yield World(pack, Scripts(pack.folder, "measure"), Path(folder), pack.shop.demo_now)


def simulate(
    release: ReleaseUnderTest, world: World, count: int, seed: int, trials: int, show: int, first: int = 0
) -> int:
    """Plays and prints; returns the conversations with a wrong write."""
    started, played = time.process_time(), list[Played]()
    for number in range(first, first + max(1, count // trials)):
        case = draw_case(world, number, seed)
        for trial in range(trials):
            one = play(release, world, case, trial, seed)
            played.append(one)
            if one.wrong_writes or (not one.success and show > 0):
                show -= 1
                print(one.transcript(), flush=True)
    took = time.process_time() - started
    console = Console(width=160)
    total = figures(played)
    answers = sum(len(one.turns) for one in played)
    console.print(
        f"{total.conversations} conversations, {answers} answers, seed {seed}, release {release.version[:12]}, "
        f"{1000 * took / answers:.1f} CPU-ms an answer",
        f"success {total.success:.1%} (pass^1), pass^{trials} {pass_hat(played, trials):.1%}, turns {total.turns:.1f}",
        f"wrong writes in {total.wrong_writes} conversations, {total.misunderstandings:.1f} misunderstandings "
        f"per 100 answers, acts of {acts_share(played):.1%} of the messages read exactly",
        f"faults: {dict(faults(played).most_common())}",
        f"({BEFORE})",
        sep="\n", highlight=False,
    )  # fmt: skip
    for title, groups in (("goal", by_goal(played)), ("habit", by_habit(played))):
        table = Table(title, "conversations", "success", "pass^k", "turns", "wrong writes", "misunderstood / 100")
        for name, some in groups.items():
            f = figures(some)
            table.add_row(
                name, str(f.conversations), f"{f.success:.1%}", f"{pass_hat(some, trials):.1%}", f"{f.turns:.1f}",
                str(f.wrong_writes), f"{f.misunderstandings:.1f}",
            )  # fmt: skip
        console.print(table)
    return total.wrong_writes


def play_goldens(release: ReleaseUnderTest, folder: Path) -> int:
    """Plays the golden files of a folder and prints each fault; returns how many files failed."""
    goldens, failed, turns, wrong_turns = load_goldens(folder), 0, 0, 0
    for golden in goldens:
        *answers, end = flows.play(golden, release.start_conversation(golden.customer))
        turns, wrong_turns = turns + len(answers), wrong_turns + sum(bool(some) for some in answers)
        found = [fault for some in (*answers, end) for fault in some]
        failed += bool(found)
        for fault in found:
            print(f"{golden.name}: {fault}")
    good = f"{len(goldens) - failed} of {len(goldens)} conversations and {turns - wrong_turns} of {turns} answers"
    print(f"{good} as expected")
    print(f"({BEFORE})")
    return failed


if __name__ == "__main__":
    main()
