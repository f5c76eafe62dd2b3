"""Two people, two clones, one remote: what one ran the other has, and the days of both come together."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.workcopy import copy_project, environment
from kefu.io import write_json
from kefu.paths import ROOT
from kefu.yaml_file import read_yaml

# A stage that costs nothing, after the real `code`.
DAYS = """from pathlib import Path
Path("store/days").write_text(" ".join(sorted(path.name for path in Path("store/raw/shop").glob("dt=*"))))
"""
STAGE = {"cmd": "python -m days", "deps": ["store/raw", "store/reviewed", "store/frozen"], "outs": ["store/days"]}


@dataclass(frozen=True)
class Clone:
    """A working copy of somebody who has these programs on PATH."""

    folder: Path
    environment: dict[str, str]

    def git(self, *command: str) -> None:
        name = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        call = ["git", *name, *command]
        subprocess.run(call, cwd=self.folder, env=self.environment, check=True, capture_output=True)

    def dvc(self, *command: str, code: int = 0) -> str:
        call = ["dvc", *command]
        done = subprocess.run(call, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def put_day(self, day: str) -> None:
        turns = f'[{{"role": "customer", "text": "{day} 的订单到哪里了"}}, {{"role": "agent", "text": "您好，稍等"}}]'
        path = self.folder / f"store/raw/shop/dt={day}/chat.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text(f'{{"session": "s", "customer": "u-{day}", "turns": {turns}}}\n', encoding="utf8")

    @property
    def days(self) -> str:
        return (self.folder / "store/days").read_text()

    def stages(self, stages: Mapping[str, Any]) -> None:
        """These are the whole loop."""
        write_json(self.folder / "dvc.yaml", {"stages": stages})


def new_project(root: Path, environment: dict[str, str]) -> tuple[Clone, Clone]:
    """The project of the first, whose remote is in ``root``; and where the second will clone it to."""
    first = Clone(root / "first", environment)
    first.folder.mkdir()
    copy_project(first.folder)
    first.put_day("2026-11-01")
    first.dvc("remote", "add", "--default", "team", str(root / "remote"))
    return first, Clone(root / "second", environment)


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> tuple[Clone, Clone]:
    """The first ran the loop on its day and pushed; the second is what `git clone` gives."""
    root = tmp_path_factory.mktemp("team")
    first, second = new_project(root, environment(programs))
    (first.folder / "days.py").write_text(DAYS)
    first.stages({"code": read_yaml(first.folder / "dvc.yaml")["stages"]["code"], "days": STAGE})
    for name in ("reviewed", "frozen"):
        (first.folder / "store" / name).mkdir(exist_ok=True)
    first.dvc("add", "-q", "store/raw", "store/reviewed", "store/frozen")
    first.dvc("repro", "-q")
    first.git("add", "--all")
    first.git("commit", "-qm", "first day")
    first.dvc("push", "-q")
    first.git("clone", "-q", str(first.folder), str(second.folder))
    for clone in (first, second):
        subprocess.run(["make", "-s", "team", f"VENV={ROOT / '.venv'}"], cwd=clone.folder, check=True)
    return first, second


def test_git_has_the_versions_of_all_inputs_and_none_of_their_bytes(clones: tuple[Clone, Clone]) -> None:
    listed = subprocess.run(["git", "ls-files", "store", "dvc.lock"], cwd=clones[1].folder, capture_output=True)
    versions = {"store/frozen.dvc", "store/raw.dvc", "store/reviewed.dvc"}
    assert set(listed.stdout.decode().split()) == {*versions, "store/champion.json", "dvc.lock"}


def test_a_clone_that_did_not_pull_records_no_empty_days(clones: tuple[Clone, Clone]) -> None:
    _, second = clones
    version = (second.folder / "store/raw.dvc").read_text()
    said = second.dvc("repro", code=255)
    assert "store/raw.dvc: its data were never fetched" in said and "`dvc pull store/raw.dvc`" in said
    assert (second.folder / "store/raw.dvc").read_text() == version


def test_two_clones_share_results_and_merge_their_days(clones: tuple[Clone, Clone]) -> None:
    first, second = clones
    second.dvc("pull", "-q")
    assert second.days == first.days == "dt=2026-11-01"
    assert "Running stage 'days'" not in second.dvc("repro")
    for clone, day in ((first, "2026-11-02"), (second, "2026-11-03")):
        clone.put_day(day)
        clone.dvc("repro", "-q")
        clone.git("commit", "-qam", day)
    first.dvc("push", "-q")
    second.git("fetch", "-q", "origin")
    second.dvc("fetch", "-q", "--all-commits")
    second.git("merge", "-q", "--no-edit", "FETCH_HEAD")
    second.dvc("checkout", "-q")
    second.dvc("repro", "-q")
    assert second.days == "dt=2026-11-01 dt=2026-11-02 dt=2026-11-03"


@pytest.mark.slow
def test_experiments_on_copies_of_a_fresh_clone_have_its_days_and_its_registry(tmp_path: Path) -> None:
    first, second = new_project(tmp_path, environment())
    stages = read_yaml(first.folder / "dvc.yaml")["stages"]
    first.stages({name: stages[name] for name in ("code", "ingest")})
    first.dvc("add", "-q", "store/raw")
    first.git("add", "--all")
    first.git("commit", "-qm", "first day")
    first.dvc("push", "-q")
    first.git("clone", "-q", str(first.folder), str(second.folder))
    second.dvc("pull", "-q", "store/raw.dvc")
    second.dvc("exp", "run", "-q", "--temp", "-n", "shorter", "-S", "ingest.max_text=7000")
    second.dvc("exp", "run", "-q", "--queue", "-S", "ingest.max_text=6001,6002")
    second.dvc("exp", "run", "-q", "--run-all")
    shown = second.dvc("exp", "show", "--json")
    assert all(f'"max_text": {length}' in shown for length in (7000, 6001, 6002)) and '"Failed"' not in shown
    assert (second.folder / "mlflow.db").exists() and not (second.folder / "store/dialogues").exists()
