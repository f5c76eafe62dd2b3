"""Batches are labelled in other processes, in order, and none of these outlives the run."""

import os
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import psutil
import pytest

from data.ingest.converted import SCHEMA
from data.labeling.stream import label_dialogues
from kefu.paths import ROOT
from kefu.schema import Dialogue
from kefu.store import write_parquet
from tests.fixtures.chatter import chatter

DIALOGUES, _ = chatter(60, seed=3)


def make_labeller():
    return partial(_ids, os.getpid())


def _ids(pid: int, dialogues: list[Dialogue]) -> tuple[int, list[str]]:
    return pid, [dialogue.id for dialogue in dialogues]


def store(folder: Path) -> Path:
    for day in sorted({dialogue.day for dialogue in DIALOGUES}):
        own = [dialogue for dialogue in DIALOGUES if dialogue.day == day]
        write_parquet(folder / f"dt={day}/dialogues.parquet", own, SCHEMA)
    return folder


def test_worker_processes_give_the_same_results_in_the_same_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("data.labeling.stream.BATCH", 7)
    here = list(label_dialogues(store(tmp_path), make_labeller, 2))  # a small store: this process
    monkeypatch.setattr("data.labeling.stream.WORTH_IT", 1)
    ticks: list[int] = []
    there = list(label_dialogues(tmp_path, make_labeller, 2, ticks.append))
    assert {pid for pid, _ in here} == {os.getpid()}
    assert os.getpid() not in {pid for pid, _ in there}
    assert [ids for _, ids in there] == [ids for _, ids in here]
    assert ticks == [len(ids) for _, ids in there] and sum(ticks) == len(DIALOGUES)


def test_workers_end_when_a_labelling_run_is_killed(tmp_path: Path):
    program = textwrap.dedent("""
        import sys
        from pathlib import Path

        from data.labeling import stream
        from tests.labeling.test_stream import make_labeller

        if __name__ == "__main__":
            stream.BATCH = stream.WORTH_IT = 1
            results = stream.label_dialogues(Path(sys.argv[1]), make_labeller, 2)
            print(*{next(results)[0] for _ in range(20)}, flush=True)
            input()
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(store(tmp_path))],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
    children = psutil.Process(parent.pid).children(recursive=True)  # idle ones, too
    assert workers and parent.pid not in {worker.pid for worker in workers}
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs({*workers, *children}, timeout=60)
    assert not alive
