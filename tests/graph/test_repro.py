"""The loop as its user runs it: once, again, with a day more, and after being killed."""

import json
import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE, STDOUT

import psutil
import pytest
import yaml

from benchmarks.workcopy import environment, run
from kefu.paths import ROOT

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf8"))["stages"]
# Of each kind one: it adds to a folder that stays, its workers do the work, it trains with checkpoints.
KILLED = ("ingest", "autolabel", "finetune")
OTHERS = tuple(name for name in STAGES if name not in {"code", "promote", *KILLED})


def hashes(work: Path) -> dict[str, str]:
    """What DVC recorded of every cached output; the fingerprints are of the code, which tests edit."""
    stages = yaml.safe_load((work / "dvc.lock").read_text(encoding="utf8"))["stages"]
    apart = {"store/promotion.json", "store/code.json"}
    return {out["path"]: out["md5"] for s in stages.values() for out in s.get("outs", []) if out["path"] not in apart}


def repro(work: Path, *targets: str, programs: Path) -> str:
    """Runs ``dvc repro``, with this folder's programs first; returns what it said."""
    command = ["dvc", "repro", *targets]
    done = subprocess.run(command, cwd=work, env=environment(programs), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ran(output: str) -> set[str]:
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def would_run(work: Path, programs: Path) -> set[str]:
    """Stages that DVC would run for what changed themselves, once it knows the fingerprints of the code."""
    repro(work, "code", programs=programs)
    status = ["dvc", "status", "--json"]
    shown = subprocess.run(status, cwd=work, env=environment(programs), capture_output=True, text=True)
    return set(json.loads(shown.stdout)) - {"code"}


@contextmanager
def edited(path: Path, old: str, new: str) -> Iterator[None]:
    before = path.read_text(encoding="utf8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf8")


def test_a_second_repro_runs_nothing(workspace, programs):
    assert ran(repro(workspace, programs=programs)) == {"code"}


def test_a_comment_in_a_shared_module_runs_no_stage_and_an_option_of_serving_retrains_nothing(workspace, programs):
    with (
        edited(workspace / "kefu/io.py", "import json\n", "import json  # a comment that was not there\n"),
        edited(workspace / "serving/params.py", "    host: str", "    greets: bool = True\n    host: str"),
        edited(workspace / "params.yaml", "  host: 127.0.0.1\n", "  host: 127.0.0.1\n  greets: false\n"),
    ):
        assert would_run(workspace, programs) == {"evaluate"}  # which opens what serving serves


def test_a_stage_and_its_followers_run_when_its_code_changed(workspace, programs):
    with edited(workspace / "training/retriever.py", '"""\n\n', '"""\n\nCHANGED = True\n\n'):
        assert would_run(workspace, programs) == {"retriever"}


def kill_stage(work: Path, stage: str, programs: Path) -> None:
    """Starts a stage anew through DVC and kills its process at its work, within a second of its first line."""
    command = ["dvc", "repro", "-s", "-f", stage]
    with psutil.Popen(command, cwd=work, env=environment(programs), stdout=PIPE, stderr=STDOUT, text=True) as dvc:
        assert any(line.startswith(f"── {stage} ") for line in dvc.stdout)
        time.sleep(random.Random(stage).random())
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.name() == stage and Path(process.cwd()) == work.resolve():
                    process.kill()
        dvc.stdout.read()
    assert dvc.returncode


def kill_and_run_again(work: Path, stages: Sequence[str], programs: Path) -> None:
    """Kills stages from the last to the first, so that each one finds its inputs; then the loop must end as before.

    It takes from DVC's run cache what that holds; stages whose outputs persist run again.
    """
    before = hashes(work)
    for stage in reversed(stages):
        kill_stage(work, stage, programs)
    repro(work, programs=programs)
    assert hashes(work) == before


def test_killed_stages_give_the_same_results_when_the_loop_runs_again(workspace, programs):
    kill_and_run_again(workspace, KILLED, programs)


@pytest.mark.slow
def test_every_other_stage_may_be_killed_too(workspace, programs):
    kill_and_run_again(workspace, OTHERS, programs)


def test_a_lock_that_was_cut_short_is_mended(workspace, programs):
    before, lock = hashes(workspace), workspace / "dvc.lock"
    text = lock.read_text(encoding="utf8")
    in_an_entry = text.rindex("      md5: ", 0, len(text) // 2) + len("      md5:")
    lock.write_text(text[:in_an_entry], encoding="utf8")
    run(workspace, str(programs / "python"), "-m", "pipelines.commands.repro")
    assert (workspace / "dvc.lock.torn").exists()
    assert hashes(workspace) == before


def test_a_new_day_reruns_only_what_depends_on_it(workspace, programs):
    first = workspace / "store/dialogues/dt=2026-11-09/dialogues.parquet"
    untouched = first.stat().st_mtime_ns
    run(workspace, str(programs / "python"), "-m", "pipelines.commands.sample", "--days", "3", "--dialogues", "80")
    assert ran(repro(workspace, "ingest", programs=programs)) == {"code", "ingest"}
    assert first.stat().st_mtime_ns == untouched
    again = would_run(workspace, programs)
    assert {"autolabel", "build"} <= again
    assert not again & {"base", "finetune", "router"}  # base never; the others by what build writes
