"""Runs the whole loop on real JD.com conversations and reports what happened.

    python -m benchmarks.jddc [--data ../shared/data/jddc] [--work DIR]

The data has no stated licence, so it is read where it lies, the run happens in a temporary copy of the
project, and only figures are kept. Ten real questions and the models' answers are printed for a reader's
eyes and not stored. ``docs/measurements/real-data.md`` is the record of one such run.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.jddc import measure, workspace
from benchmarks.workcopy import run
from kefu.llm.prompt import answer_messages
from kefu.schema import Turn
from kefu.shop.pack import load_pack
from kefu.store import read_dialogues
from pipelines.params import load_params
from serving.engines.load import load_engines

QUESTIONS = 10


def answers(release: Path, asked: list[tuple[str, str]], max_new_tokens: int) -> list[tuple[str, str, str, str]]:
    """(intent, question, centre's answer, edge's answer), each model asked directly, without knowledge or flows."""
    pack, engines = load_pack(release / "pack"), load_engines(release)
    said = []
    for intent, text in asked:
        messages = answer_messages(pack, "zh", [], [Turn(role="customer", text=text, time=None)])
        centre, edge = ("".join(engines[name].stream(messages, max_new_tokens)) for name in ("centre", "edge"))
        said.append((intent, text, centre, edge))
    return said


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data/jddc"))
    arguments.add_argument("--work", type=Path, help="empty folder to run in (default: a temporary one)")
    given = arguments.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="kefu-jddc-"))
    workspace.prepare(work, given.data.resolve())
    code = run(work, "dvc", "repro", check=False).returncode  # the gate may well refuse

    store = work / "store"
    params = load_params(work / "params.yaml")
    truth = {(d, t): i for d, t, i in workspace.truth(given.data) if workspace.kept_out(d)}
    console = Console()
    console.print_json(json.dumps([vars(day) for day in measure.days(store)], ensure_ascii=False))
    everything, surest = measure.router_accuracy(store, truth, params.build.context_turns)
    coverage, precision = measure.autolabel(store, truth)
    figures = Table("figure, on sessions kept out", "value", title=f"JD run in {work}, dvc repro exit code {code}")
    for name, share in (
        ("router accuracy", everything),
        ("router accuracy, surest 80 %", surest),
        ("auto-labelling coverage", coverage),
        ("auto-labelling precision", precision),
    ):
        figures.add_row(name, str(share))
    console.print(figures)
    asked = measure.questions(read_dialogues(store / "dialogues"), truth, QUESTIONS)
    said = Table("intent", "question", "centre", "edge", title="Ten real questions (not stored)")
    for row in answers(store / "release", asked, params.serving.max_new_tokens):
        said.add_row(*row)
    console.print(said)


if __name__ == "__main__":
    main()
