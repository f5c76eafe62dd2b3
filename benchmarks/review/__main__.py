"""What does a reviewer's task cost? A scripted browser session over a real Label Studio with a day's first tasks.

    python -m benchmarks.review [--store store] [--tasks 20] [--width 1400] [--port 8207] [--shots FOLDER]

The store needs labeler, dialogues and queue of a run, and the sample's truth (``make sample``), which the scripted
reviewer knows. Label Studio has to be installed (`make review`). Method and results: docs/measurements/review.md.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.review.reviewer import Cost, Reviewer
from data.labeling.labeler import guesses
from data.labeling.proposal import Proposal
from data.review.label_studio.client import Studio
from data.review.label_studio.server import LocalServer, running
from data.review.labels import Reviews
from data.review.push import by_task, open_asks
from data.review.sync import sync
from kefu.intents.classifier import TextClassifier
from kefu.io import read_jsonl
from kefu.paths import ROOT
from kefu.schema import Dialogue, Label, ReviewTask, TurnKey
from kefu.shop.pack import Pack, load_pack
from kefu.shop.taxonomy import load_rules
from kefu.store import dialogues_by_id
from pipelines.params import load_params

PORT, KEY = 8207, b"of a server that is thrown away"
TIMEOUT_MS = 180_000  # Label Studio on a busy machine


def main() -> None:
    """Prints a line a task and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=ROOT / "store")
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--width", type=int, default=1400, help="of the window; 900 high")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--shots", type=Path, help="folder for a picture of each task")
    asked = parser.parse_args()
    loaded = load_params()
    pack = load_pack(ROOT / loaded.pack)
    truth = {TurnKey(x.dialogue_id, x.turn): x.value for x in labels(asked.store) if x.turn is not None}
    queue, dialogues = next_questions(asked.store, loaded.review.push_limit, pack, truth)
    groups = by_task(open_asks(queue, Reviews({}, set(), 0, [], {}), pack.taxonomy.version, {}))[: asked.tasks]
    with tempfile.TemporaryDirectory(prefix="kefu-review-") as folder, running(Path(folder), asked.port, KEY) as server:
        os.environ.update(LABEL_STUDIO_URL=server.url, LABEL_STUDIO_API_KEY=server.token)
        review = loaded.review.model_copy(update={"project": "benchmark", "push_limit": asked.tasks})
        pushed = [ask.task for group in groups for ask in group]
        sync(pushed, iter(dialogues.values()), Path(folder) / "reviewed", pack, review, {})
        studio = Studio(server.url, server.token, review, pack)
        with opened(server, studio.project, asked.width) as page:
            reviewer = Reviewer(page, {i.name: i.title for i in pack.taxonomy.intents}, asked.shots)
            costs = [session(reviewer, [ask.task for ask in group], truth) for group in groups]
    print_costs(costs)


def labels(store: Path) -> Iterator[Label]:
    return (label for label in read_jsonl(store / "sample_truth.jsonl", Label) if label.what == "intent")


def next_questions(
    store: Path, count: int, pack: Pack, truth: Mapping[TurnKey, str]
) -> tuple[list[ReviewTask], dict[str, Dialogue]]:
    """The first questions with a known answer, proposed anew by the store's labeler, and their dialogues."""
    unsure = (t for t in read_jsonl(store / "labels/queue.jsonl", ReviewTask) if (t.dialogue_id, t.turn) in truth)
    first = list(itertools.islice(unsure, count))
    dialogues = dialogues_by_id(store / "dialogues", (task.dialogue_id for task in first))
    rules = load_rules(pack.folder)
    said = guesses(TextClassifier.load(store / "labeler"), rules, list(dialogues.values()))
    tasks = {
        (g.dialogue.id, g.index): Proposal(
            g.dialogue.id, g.index, g.dialogue.day, g.intent, g.confidence, g.margin, alternatives=g.alternatives
        ).task("unsure")
        for g in said
    }
    return [tasks[task.dialogue_id, task.turn] for task in first], dialogues


@contextmanager
def opened(server: LocalServer, project: int, width: int) -> Iterator[Page]:
    """A browser at the first task of the label stream, signed in."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.set_default_timeout(TIMEOUT_MS)
        page.goto(f"{server.url}/user/login/")
        page.fill("input[name=email]", server.user)
        page.fill("input[name=password]", server.password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url)
        page.goto(f"{server.url}/projects/{project}/data?labeling=1")
        yield page
        browser.close()


def session(reviewer: Reviewer, asked: Sequence[ReviewTask], truth: Mapping[TurnKey, str]) -> Cost:
    """One task, from when it is shown to when it is submitted."""
    started = time.monotonic()
    cost = reviewer.label([truth[TurnKey(one.dialogue_id, one.turn)] for one in asked])
    return cost._replace(seconds=time.monotonic() - started)


def print_costs(costs: list[Cost]) -> None:
    """A line a task, the sums a task and a question, and the keys of the same questions as tasks of their own."""
    print(" ".join(f"{name:>12}" for name in Cost._fields))
    for cost in costs:
        print(" ".join(f"{value:12.2f}" for value in cost))
    total = [sum(column) for column in zip(*costs, strict=True)]
    questions, keys = total[0], total[1]
    print(" ".join(f"{number / len(costs):12.2f}" for number in total), "a task")
    print(" ".join(f"{number / questions:12.2f}" for number in total), "a question")
    print(f"{(keys - len(costs) + questions) / questions:.2f} keys a question, if each were submitted by itself")


if __name__ == "__main__":
    main()
