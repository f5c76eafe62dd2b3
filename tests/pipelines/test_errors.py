"""What a user can mend is one line and code 1, in every command and stage; anything else shows its traceback."""

from __future__ import annotations

import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kefu.errors import KefuError, Missing, Unusable
from pipelines import router
from pipelines import stage as stages
from pipelines.commands.cli import app

LINE = "store/x: nothing in it: run `dvc repro`"
COMMANDS = {  # what each calls first
    "chat": "pipelines.commands.chat.talk",
    "day": "pipelines.commands.day.check_start",
    "forget --customer somebody": "pipelines.commands.forget_report.run",
    "forget --verify": "pipelines.commands.forget_report.check",
    "monitor": "pipelines.commands.reports.monitor_lines",
    "params": "pipelines.params.load_params",
    "promote 1": "kefu.registry.releases.promote",
    "review pull": "pipelines.commands.review.pull_reviews",
    "review push": "pipelines.commands.review.push_queue",
    "review report": "pipelines.commands.review.report",
    "rollback": "kefu.registry.releases.rollback",
    "serve": "pipelines.commands.serve.deploy",
    "status": "kefu.registry.releases.champion",
}
MODULES = {
    "day": "kefu.registry.releases.champion",
    "demo": "kefu.registry.releases.champion",
    "repro": "kefu.locks.shared_lock",
    "review_server": "data.review.label_studio.server.server_key",
    "sample": "pipelines.params.load_params",
    "serve": "pipelines.params.load_params",
}


@pytest.fixture(autouse=True)
def _same_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def fail(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    module, function = name.rsplit(".", 1)
    monkeypatch.setattr(import_module(module), function, failing)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_what_can_be_mended_and_nothing_else(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (KefuError(LINE), Unusable(LINE), Missing(LINE)):
        fail(monkeypatch, COMMANDS[command], error)
        ended = CliRunner().invoke(app, command.split())
        assert ended.exit_code == 1 and ended.stderr.endswith(LINE + "\n") and ended.stderr.count("\n") == 1
    for defect in (ValueError("a defect"), FileNotFoundError("a defect")):
        fail(monkeypatch, COMMANDS[command], defect)
        assert CliRunner().invoke(app, command.split()).exception is defect


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_runs_as_a_command_does_so_too(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(*command: str, **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(sys, "argv", [module])
    monkeypatch.setattr(subprocess, "run", nothing)  # the demo's steps, and DVC
    name = f"pipelines.commands.{module}"
    fail(monkeypatch, MODULES[module], KefuError(LINE))
    monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(name, run_name="__main__")
    assert ended.value.code == 1 and capsys.readouterr().err.endswith(LINE + "\n")
    fail(monkeypatch, MODULES[module], RuntimeError("a defect"))
    with pytest.raises(RuntimeError, match="a defect"):
        runpy.run_module(name, run_name="__main__")


def test_a_stage_explains_what_can_be_mended_and_nothing_else(
    registry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "METRICS", tmp_path / "metrics")
    for place in ("SETS", "ROUTER", "PLOTS"):
        monkeypatch.setattr(router, place, tmp_path / place)
    (tmp_path / "SETS").mkdir()
    (tmp_path / "SETS/router.jsonl").touch()
    with pytest.raises(SystemExit, match=r"^router: 0 labelled turns .* review what waits"):
        router.main()
    assert not (tmp_path / "ROUTER").exists() and not (tmp_path / "metrics").exists()
    fail(monkeypatch, "pipelines.router.train_router", ValueError("a defect"))
    with pytest.raises(ValueError, match="a defect"):
        router.main()
