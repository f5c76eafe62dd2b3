"""`kefu day` and `make demo` take their steps in order; `kefu status` and `kefu monitor` say what there is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from kefu.registry import releases
from kefu.registry.releases import ChampionInfo
from pipelines.commands import day, demo, reports, review
from pipelines.commands.cli import app


def test_a_day_pins_the_champion_pulls_reviews_and_then_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = ["check_start", "pin_champion", "take_reviews", "freeze", "version_inputs"]
    taken: list[str] = []
    for step in steps:
        monkeypatch.setattr(day, step, lambda step=step: taken.append(step))
    monkeypatch.setattr(day, "repro", lambda: len(taken))
    assert day.main() == len(steps)  # the loop ran when all steps were taken, and its code is the day's
    assert taken == steps


@pytest.mark.parametrize("once", [True, False])
def test_the_demo_runs_the_loop_deploys_talks_and_closes(
    once: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken: list[str] = []

    def interrupt() -> None:
        taken.append("stays up")
        raise KeyboardInterrupt

    def deploy(params: object) -> SimpleNamespace:
        taken.append("deploy")
        return SimpleNamespace(url="http://127.0.0.1:1", stop=lambda: taken.append("stop"))

    monkeypatch.setattr(sys, "argv", ["demo", *(["--once"] if once else [])])
    monkeypatch.setattr(demo, "RAW", tmp_path)
    monkeypatch.setattr(demo, "_run", lambda *command: taken.append(command[0].rsplit(".", 1)[1]))
    monkeypatch.setattr(demo, "show", lambda *shown: taken.append("show"))
    monkeypatch.setattr(demo.signal, "pause", interrupt)
    monkeypatch.setattr(demo.signal, "signal", lambda *handler: None)
    monkeypatch.setattr(releases, "champion", lambda: object())
    monkeypatch.setattr("pipelines.commands.serve.deploy", deploy)
    monkeypatch.setattr("serving.deploy.demo.converse", lambda url: taken.append("converse"))
    demo.main()
    assert taken == ["sample", "repro", "deploy", "converse", "show", *(["stays up"] * (not once)), "stop"]
    assert ("Ctrl-C closes it" in capsys.readouterr().out) != once


def test_status_names_the_champion_and_how_many_turns_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "champion", lambda: ChampionInfo(7, "0123456789abcdef", "run"))
    monkeypatch.setattr(releases, "previous", lambda: None)
    monkeypatch.setattr(review, "waiting", lambda: 41)
    lines = CliRunner().invoke(app, ["status"]).output.splitlines()
    assert lines[:2] == ["champion  version 7  0123456789ab", "previous  none"]
    assert lines[-1] == "waiting   41 turns for a reviewer"


def test_monitor_tells_the_newest_days_figures_and_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MONITOR", tmp_path)
    monkeypatch.setattr(reports, "METRICS", tmp_path)
    missing = CliRunner().invoke(app, ["monitor"])
    assert missing.exit_code == 1 and "dvc repro monitor" in missing.output
    for name in ("dt=2026-11-14.html", "dt=2026-11-15.html"):
        (tmp_path / name).touch()
    (tmp_path / "monitor.json").write_text(json.dumps({"dialogues": 3243, "drifted": 1, "psi.intent": 0.31}))
    shown = CliRunner().invoke(app, ["monitor"]).output
    assert "3,243" in shown and "psi.intent" in shown and "1 beyond chance and bound" in shown
    assert shown.rstrip().endswith("dt=2026-11-15.html")
