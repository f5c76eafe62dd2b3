"""The loop as its user runs it: once, again, with a day more, and after being killed."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from benchmarks.workcopy import environment, run
from kefu.paths import ROOT

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf8"))["stages"]
REPRODUCED = tuple(name for name in STAGES if name != "promote")


def hashes(work: Path) -> dict[str, str]:
    """What DVC recorded of every cached output."""
    stages = yaml.safe_load((work / "dvc.lock").read_text(encoding="utf8"))["stages"]
    return {
        out["path"]: out["md5"] for s in stages.values() for out in s.get("outs", []) if "promotion" not in out["path"]
    }


def repro(work: Path) -> str:
    """Runs ``dvc repro``; returns what it said."""
    done = subprocess.run(["dvc", "repro"], cwd=work, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ran(output: str) -> set[str]:
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def test_a_second_repro_runs_nothing(workspace):
    assert ran(repro(workspace)) == set()


@pytest.mark.parametrize("stage", REPRODUCED)
def test_a_killed_stage_gives_the_same_result_when_run_again(workspace, stage):
    before = hashes(workspace)
    killed = subprocess.Popen(
        ["dvc", "repro", "-s", "-f", stage],
        cwd=workspace,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(random.Random(stage).uniform(3, 6))  # somewhere between its imports and its last write
    if killed.poll() is None:
        os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    repro(workspace)
    assert hashes(workspace) == before


def test_a_new_day_reruns_only_what_depends_on_it(workspace):
    first = workspace / "data/store/dialogues/dt=2026-11-09/dialogues.parquet"
    untouched = first.stat().st_mtime_ns
    run(workspace, "python", "-m", "pipelines.sample", "--days", "3", "--dialogues", "80")
    again = ran(repro(workspace))
    assert "base" not in again
    assert {"ingest", "autolabel", "build", "router"} <= again
    assert first.stat().st_mtime_ns == untouched
