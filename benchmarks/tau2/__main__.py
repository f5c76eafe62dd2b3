"""The retail tasks of tau2-bench on our tools and dialogue: replay of the reference actions, then scripted customers.

    python -m benchmarks.tau2 ../shared/data/tau2_retail [--trials 4] [--seed 1] [--own-words] [--show 5] [--task 16]

The folder holds db.json and tasks_train.json; none of it is copied into the project. Scripted customer: the figures
are not comparable with the leaderboard, whose customers are played by a model. Results: docs/measurements/tau2.md.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from math import comb
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.tau2.customer import load_wordings
from benchmarks.tau2.database import import_shop, load_shop
from benchmarks.tau2.play import Conversation, open_assistant, play_all
from benchmarks.tau2.replay import replay_all
from benchmarks.tau2.tasks import load_tasks
from kefu.shop.pack import load_pack

PACK = Path(__file__).parent / "pack"
NOTE = "scripted customer, not comparable with the leaderboard"


def main() -> None:
    """Prints both tables; exit status 1 when a replay went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of tau2-bench's retail data")
    parser.add_argument("--trials", type=int, default=4, help="conversations a task, in other words")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, help="failed conversations to print")
    parser.add_argument("--task", help="only this task")
    parser.add_argument("--own-words", action="store_true", help="customers begin with the instructions' own text")
    parser.add_argument("--replay-only", action="store_true")
    asked = parser.parse_args()
    shop, pack, console = load_shop(asked.data), load_pack(PACK), Console(width=130)
    tasks = [task for task in load_tasks(asked.data) if asked.task in (None, task.id)]
    with tempfile.TemporaryDirectory(prefix="kefu-tau2-") as name:
        folder = Path(name)
        fresh = folder / "fresh.db"
        import_shop(shop, pack.folder, fresh)
        replayed = replay_all(tasks, shop, pack, fresh, folder)
        wrong = [one for one in replayed if not one.is_right]
        refused = sum(bool(one.refused) for one in replayed)
        console.print(
            f"replay: {len(replayed) - len(wrong)} of {len(replayed)} tasks end in the reference state; "
            f"in {refused} an action is refused, by the reference too",
            *(f"  {one}" for one in wrong), sep="\n", highlight=False,
        )  # fmt: skip
        if not asked.replay_only:
            (folder / "shop.db").write_bytes(fresh.read_bytes())  # names of products are read when it opens
            with open_assistant(pack, folder / "shop.db", folder) as assistant:
                wordings, own_words = load_wordings(), asked.own_words
                played = list(play_all(assistant, tasks, shop, fresh, wordings, asked.trials, asked.seed, own_words))
            report(played, asked.trials, asked.show, console)
    raise SystemExit(bool(wrong))


def report(played: Sequence[Conversation], trials: int, show: int, console: Console) -> None:
    """The table by what tasks write, and the failed conversations that were asked for."""
    for one in [one for one in played if not one.is_right][:show]:
        print(one.transcript(), flush=True)
    kinds: dict[str, list[Conversation]] = defaultdict(list)
    for one in played:
        kinds[one.task.kind].append(one)
    table = Table("task writes", "tasks", "conversations", "right", "pass^1", f"pass^{trials}", "wrong writes", "turns")
    rows = sorted(kinds.items(), key=lambda row: -len(row[1]))
    for kind, some in [*rows, ("all", list(played))]:
        right = sum(one.is_right for one in some)
        table.add_row(
            kind, str(len({one.task.id for one in some})), str(len(some)), str(right), f"{right / len(some):.1%}",
            f"{pass_hat(some, trials):.1%}", str(sum(one.has_written for one in some)),
            f"{sum(len(one.turns) for one in some) / len(some):.1f}",
        )  # fmt: skip
    console.print(f"{NOTE}:", table, sep="\n")
    answers = sum(len(one.turns) for one in played)
    console.print(
        f"{answers} answers, {1000 * sum(one.cpu_s for one in played) / answers:.1f} CPU-ms each", highlight=False
    )
    failed = sorted({one.task.id for one in played if not one.is_right}, key=int)
    console.print(f"tasks with a failed conversation: {', '.join(failed) or 'none'}", highlight=False)


def pass_hat(played: Sequence[Conversation], k: int) -> float:
    """The chance that k conversations of the same task all end right."""
    of_task: dict[str, list[bool]] = defaultdict(list)
    for one in played:
        of_task[one.task.id].append(one.is_right)
    return sum(comb(sum(some), k) / comb(len(some), k) for some in of_task.values()) / len(of_task)


if __name__ == "__main__":
    main()
