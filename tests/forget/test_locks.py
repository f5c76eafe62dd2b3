"""Forgetting and the loop keep each other out, say who it is, and a process that is killed blocks nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data.review.label_studio.server import LocalServer
from kefu import locks
from kefu.locks import Busy, exclusive_lock, shared_lock
from kefu.paths import ROOT
from pipelines.commands import day, review_server
from pipelines.commands.cli import app
from pipelines.commands.forget import forget
from pipelines.commands.repro import repro
from pipelines.commands.review import pull_reviews, push_queue
from pipelines.stage import stage
from tests.forget.conftest import PERSON, Project

HOLDER = """
import sys
from pathlib import Path
from kefu import locks
with getattr(locks, sys.argv[1])(Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(how: str, dvc: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that works on the project until the block ends."""
    command = [sys.executable, "-c", HOLDER, how, str(dvc)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def dvc_project(folder: Path, command: str) -> Path:
    """A project with one stage; its ``.dvc``."""
    (folder / ".dvc").mkdir()
    (folder / ".dvc/config").write_text("[core]\n    no_scm = True\n    analytics = false\n")
    (folder / "dvc.yaml").write_text(f"stages:\n  only:\n    cmd: {command}\n    outs: [out]\n")
    return folder / ".dvc"


def test_forgetting_waits_for_a_stage_that_dvc_runs(tmp_path: Path) -> None:
    """DVC itself has let go of its lock then; the stage here takes none of ours."""
    os.mkfifo(tmp_path / "begun")
    os.mkfifo(tmp_path / "go")
    dvc = dvc_project(tmp_path, "echo > begun; cat go > out")
    with subprocess.Popen(["dvc", "repro"], cwd=tmp_path, stdout=subprocess.DEVNULL) as loop:
        (tmp_path / "begun").read_text()
        with pytest.raises(Busy, match=rf"dvc repro, process {loop.pid}\)") as error, exclusive_lock(dvc):
            pass
        assert "Nothing was changed" in str(error.value)
        with shared_lock(dvc):  # stages do not wait for one another
            pass
        (tmp_path / "go").write_text("done")
        assert loop.wait() == 0
    with exclusive_lock(dvc):
        pass


def test_dvc_and_stages_wait_for_forgetting(tmp_path: Path) -> None:
    dvc = dvc_project(tmp_path, "echo done > out")
    with held("exclusive_lock", dvc) as other:
        with pytest.raises(Busy, match=f"kefu forget is running.*process {other.pid}"), shared_lock(dvc):
            pass
        shown = subprocess.run(["dvc", "repro"], cwd=tmp_path, capture_output=True, text=True)
        assert shown.returncode and "Unable to acquire lock" in shown.stderr
        assert not (tmp_path / "out").exists()
        other.send_signal(signal.SIGKILL)
        other.wait()
        with exclusive_lock(dvc):  # what it held is free
            pass


def test_the_command_says_so_and_changes_nothing(full: Project) -> None:
    before = {path: path.read_bytes() for path in (full.root / "data").rglob("*") if path.is_file()}
    with held("shared_lock", full.root / ".dvc") as stage:
        shown = CliRunner().invoke(app, ["forget", "--customer", PERSON])
        assert shown.exit_code == 1 and f"process {stage.pid}" in shown.output and PERSON not in shown.output
    assert {path: path.read_bytes() for path in (full.root / "data").rglob("*") if path.is_file()} == before
    assert forget(PERSON).removed


def test_everything_else_ends_with_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "queue.jsonl").touch()
    monkeypatch.setattr(locks, "DVC", tmp_path / ".dvc")
    monkeypatch.setattr(day, "CHAMPION", tmp_path / "champion.json")
    monkeypatch.setattr(review_server, "LABELS", tmp_path)
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):  # put back what ``fill`` sets
        monkeypatch.setenv(name, "")
    server = LocalServer("http://127.0.0.1:9", "", "", "")
    with held("exclusive_lock", tmp_path / ".dvc"):
        with pytest.raises(SystemExit, match="kefu forget is running"):
            stage("ingest").__enter__()
        with pytest.raises(SystemExit, match="1"):
            day.main()
        assert "kefu forget is running" in capsys.readouterr().err
        for command in (repro, push_queue, pull_reviews):
            with pytest.raises(Busy, match="kefu forget is running"):
                command()
        with pytest.raises(Busy, match="kefu forget is running"):
            review_server.fill(server)
    assert not (tmp_path / "champion.json").exists()
