"""How long a day takes, in how much memory, and how right the accepted intents are on a load whose truth is known."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from benchmarks.autolabel import load
from data.labeling.autolabel import ACCEPTED, certify_rule, write_labels
from data.labeling.batch_labeler import BatchLabelerSpec
from data.labeling.guarantee.acceptance import Acceptance
from data.labeling.join import LabelledTurn
from data.labeling.labeler import train_labeler
from data.labeling.stream import label_dialogues
from data.review.queue import queue
from kefu.io import read_jsonl, write_jsonl
from kefu.paths import ROOT
from kefu.schema import Label
from kefu.shop.pack import load_pack
from kefu.shop.taxonomy import load_rules
from kefu.shop.wordings.examples import load_pack_examples
from pipelines.params import Params
from serving.tools.demo_database import build

REVIEWED, SEED = 900, 11  # dialogues that people labelled before


class Figures(NamedTuple):
    """``seconds`` for labels, ``queue_s`` for ranking the queue; ``memory``: peak of all processes, bytes."""

    dialogues: int
    turns: int
    seconds: float
    queue_s: float
    cpu_s: float
    memory: int
    rule: Acceptance
    coverage: float
    precision: float
    megabytes: float


@contextmanager
def shop(pack: Path) -> Iterator[sqlite3.Connection]:
    with tempfile.TemporaryDirectory() as temporary:
        build(pack, Path(temporary) / "shop.db")
        with closing(sqlite3.connect(Path(temporary) / "shop.db")) as connection:
            connection.row_factory = sqlite3.Row
            yield connection


class Memory:
    """The greatest resident memory of this process and its children while the block runs, and their CPU time."""

    def __enter__(self) -> Memory:
        self.peak, self.cpu_s, self._stop = 0, 0.0, threading.Event()
        self._me = psutil.Process()
        self._before = sum(self._me.cpu_times()[:2])
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            rss, cpu = 0, -self._before
            for process in [self._me, *self._me.children(recursive=True)]:
                try:
                    rss += process.memory_info().rss
                    cpu += sum(process.cpu_times()[:2])
                except psutil.NoSuchProcess:
                    continue
            self.peak, self.cpu_s = max(self.peak, rss), max(self.cpu_s, cpu)


def measure(count: int, workers: int, params: Params) -> Figures:
    """Trains on REVIEWED dialogues, then labels ``count`` others."""
    pack = load_pack(ROOT / params.pack)
    with tempfile.TemporaryDirectory() as temporary, shop(pack.folder) as connection:
        folder = Path(temporary)
        rule = _train(folder / "labeler", list(load.dialogues(pack, connection, REVIEWED, SEED)), params)
        truth = load.store(folder / "store", load.dialogues(pack, connection, count, SEED + 1))
        spec = BatchLabelerSpec(pack.folder, folder / "labeler", rule, params.autolabel)
        out = folder / "labels"
        out.mkdir()
        with Memory() as used:
            start = time.perf_counter()
            written = write_labels(label_dialogues(folder / "store", spec, workers), out)
            middle = time.perf_counter()
            write_jsonl(out / "queue.jsonl", queue(written.unsure, written.audit, [], params.autolabel.seed))
            end = time.perf_counter()
        right = [
            truth[x.dialogue_id, x.turn or 0] == x.value
            for x in read_jsonl(out / ACCEPTED, Label)
            if x.what == "intent"
        ]
        size = sum(path.stat().st_size for path in out.iterdir())
    turns = written.counts["turns"]
    coverage, precision = len(right) / turns, float(np.mean(right)) if right else float("nan")
    times = middle - start, end - middle, used.cpu_s
    return Figures(count, turns, *times, used.peak, rule, coverage, precision, size / 1e6)


def _train(folder: Path, made: list[tuple[load.Dialogue, load.Truth]], params: Params) -> Acceptance:
    def label(at: tuple[str, int], intent: str) -> Label:
        return Label(
            dialogue_id=at[0], turn=at[1], what="intent", value=intent, source="truth", confidence=1.0, version="load"
        )

    turns = [LabelledTurn(dialogue, at[1], label(at, i)) for dialogue, truth in made for at, i in truth.items()]
    pack = ROOT / params.pack
    judged = train_labeler(turns, load_rules(pack), params.labeler, folder, load_pack_examples(pack))
    return certify_rule(judged, np.ones(len(judged), dtype=bool), params.autolabel)
