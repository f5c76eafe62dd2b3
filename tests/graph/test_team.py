"""Two people, two clones, one remote: what one ran the other has, and the days of both come together."""

from __future__ import annotations

import subprocess
from pathlib import Path

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


def git(folder: Path, *command: str) -> None:
    name = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", *name, *command], cwd=folder, env=environment(), check=True, capture_output=True)


def dvc(folder: Path, *command: str, code: int = 0) -> str:
    done = subprocess.run(["dvc", *command], cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def put_day(folder: Path, day: str) -> None:
    turns = f'[{{"role": "customer", "text": "{day} 的订单到哪里了"}}, {{"role": "agent", "text": "您好，稍等"}}]'
    path = folder / f"store/raw/shop/dt={day}/chat.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(f'{{"session": "s", "customer": "u-{day}", "turns": {turns}}}\n', encoding="utf8")


def days(folder: Path) -> str:
    return (folder / "store/days").read_text()


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The first ran the loop on its day and pushed; the second is what `git clone` gives."""
    root = tmp_path_factory.mktemp("team")
    first, second = root / "first", root / "second"
    first.mkdir()
    copy_project(first)
    (first / "days.py").write_text(DAYS)
    code = read_yaml(first / "dvc.yaml")["stages"]["code"]
    write_json(first / "dvc.yaml", {"stages": {"code": code, "days": STAGE}})
    put_day(first, "2026-11-01")
    for name in ("reviewed", "frozen"):
        (first / "store" / name).mkdir(exist_ok=True)
    dvc(first, "remote", "add", "--default", "team", str(root / "remote"))
    dvc(first, "add", "-q", "store/raw", "store/reviewed", "store/frozen")
    dvc(first, "repro", "-q")
    git(first, "add", "--all")
    git(first, "commit", "-qm", "first day")
    dvc(first, "push", "-q")
    git(root, "clone", "-q", str(first), str(second))
    for clone in (first, second):
        subprocess.run(["make", "-s", "team", f"VENV={ROOT / '.venv'}"], cwd=clone, check=True)
    return first, second


def test_git_has_the_versions_of_all_inputs_and_none_of_their_bytes(clones: tuple[Path, Path]) -> None:
    listed = subprocess.run(["git", "ls-files", "store", "dvc.lock"], cwd=clones[1], capture_output=True, text=True)
    versions = {"store/frozen.dvc", "store/raw.dvc", "store/reviewed.dvc"}
    assert set(listed.stdout.split()) == {*versions, "store/champion.json", "dvc.lock"}


def test_a_clone_that_did_not_pull_records_no_empty_days(clones: tuple[Path, Path]) -> None:
    _, second = clones
    version = (second / "store/raw.dvc").read_text()
    said = dvc(second, "repro", code=255)
    assert "store/raw.dvc: its data were never fetched" in said and "`dvc pull store/raw.dvc`" in said
    assert (second / "store/raw.dvc").read_text() == version


def test_two_clones_share_results_and_merge_their_days(clones: tuple[Path, Path]) -> None:
    first, second = clones
    dvc(second, "pull", "-q")
    assert days(second) == days(first) == "dt=2026-11-01"
    assert "Running stage 'days'" not in dvc(second, "repro")
    for clone, day in ((first, "2026-11-02"), (second, "2026-11-03")):
        put_day(clone, day)
        dvc(clone, "repro", "-q")
        git(clone, "commit", "-qam", day)
    dvc(first, "push", "-q")
    git(second, "fetch", "-q", "origin")
    dvc(second, "fetch", "-q", "--all-commits")
    git(second, "merge", "-q", "--no-edit", "FETCH_HEAD")
    dvc(second, "checkout", "-q")
    dvc(second, "repro", "-q")
    assert days(second) == "dt=2026-11-01 dt=2026-11-02 dt=2026-11-03"


@pytest.mark.slow
def test_experiments_on_copies_of_a_fresh_clone_have_its_days_and_its_registry(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    copy_project(first)
    stages = read_yaml(first / "dvc.yaml")["stages"]
    write_json(first / "dvc.yaml", {"stages": {name: stages[name] for name in ("code", "ingest")}})
    put_day(first, "2026-11-01")
    dvc(first, "remote", "add", "--default", "team", str(tmp_path / "remote"))
    dvc(first, "add", "-q", "store/raw")
    git(first, "add", "--all")
    git(first, "commit", "-qm", "first day")
    dvc(first, "push", "-q")
    git(tmp_path, "clone", "-q", str(first), str(second))
    dvc(second, "pull", "-q", "store/raw.dvc")
    dvc(second, "exp", "run", "-q", "--temp", "-n", "shorter", "-S", "ingest.max_text=7000")
    dvc(second, "exp", "run", "-q", "--queue", "-S", "ingest.max_text=6001,6002")
    dvc(second, "exp", "run", "-q", "--run-all")
    shown = dvc(second, "exp", "show", "--json")
    assert all(f'"max_text": {length}' in shown for length in (7000, 6001, 6002)) and '"Failed"' not in shown
    assert (second / "mlflow.db").exists() and not (second / "store/dialogues").exists()
