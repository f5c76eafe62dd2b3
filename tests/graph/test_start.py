"""`kefu day` and `dvc repro` where something is not as the loop needs it: under cron, in a new clone, with a typo."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.workcopy import copy_project

PIN = '{"content_hash": "of the last day", "version": 7}\n'
ONE_STAGE = """
stages:
  only:
    cmd: python -c "import rich, sys; open('out', 'w').write(sys.executable)"
    params: [profile]
    outs: [out]
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, _empty_database: Path) -> Path:
    """The project as git has it, its registry ready."""
    folder = tmp_path_factory.mktemp("clone")
    copy_project(folder)
    shutil.copy(_empty_database, folder / "mlflow.db")
    return folder


@pytest.fixture(scope="session")
def quick(programs: Path) -> Path:
    """A `python` that has imported the libraries, for what is not about an interpreter's start."""
    return programs / "python"


@pytest.fixture
def shop(clone: Path) -> Path:
    """Its loop is one quick stage; somebody pinned a champion before."""
    (clone / "store/champion.json").write_text(PIN)
    (clone / "out").unlink(missing_ok=True)
    (clone / "dvc.yaml").write_text(ONE_STAGE)
    return clone


def run(folder: Path, *arguments: str, python: Path = Path(sys.executable)) -> subprocess.CompletedProcess[str]:
    """An interpreter as cron starts it: nothing of the venv on PATH."""
    dropped = {"MLFLOW_TRACKING_URI", "VIRTUAL_ENV", "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"}
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    environment = kept | {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)}
    return subprocess.run([python, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def test_a_day_without_the_venv_on_path_runs_stages_with_its_own_interpreter(shop: Path) -> None:
    done = run(shop, "-m", "pipelines.commands.cli", "day")
    assert done.returncode == 0, done.stdout + done.stderr
    assert Path((shop / "out").read_text()).parent == Path(sys.executable).parent
    assert json.loads((shop / "store/champion.json").read_text()) == {"content_hash": None, "version": None}


def test_a_refused_release_is_a_result_with_a_code_of_its_own(shop: Path, quick: Path) -> None:
    row = {"what": "edge.token_f1", "value": 0.0931, "bound": "≥ champion − 0.03", "closes": True}
    (shop / "store/promotion.json").write_text(json.dumps({"verdict": "fail", "version": None, "rows": [row]}))
    done = run(shop, "-m", "pipelines.commands.day", python=quick)
    (shop / "store/promotion.json").unlink()
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(
        "gate: refused, the champion stays: edge.token_f1 0.0931, not ≥ champion − 0.03."
    )


@pytest.mark.parametrize(
    ("file", "content", "named"),
    [
        ("dvc.yaml", ONE_STAGE.replace("cmd", "cmdd"), "dvc.yaml"),
        ("dvc.yaml", ONE_STAGE + "    deps: [not_there]\n", "not_there"),
    ],
)
def test_a_day_that_cannot_start_says_why_and_leaves_the_pin(
    shop: Path, quick: Path, file: str, content: str, named: str
) -> None:
    path = shop / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    try:
        done = run(shop, "-m", "pipelines.commands.day", python=quick)
    finally:
        path.unlink()
    assert done.returncode == 1 and named in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert (shop / "store/champion.json").read_text() == PIN


@pytest.mark.parametrize("content", ['{"/x": {"wri', "", "\x00\x00", "[]"])
def test_a_torn_rwlock_is_mended(shop: Path, quick: Path, content: str) -> None:
    path = shop / ".dvc/tmp/rwlock"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    done = run(shop, "-m", "pipelines.commands.repro", python=quick)
    assert done.returncode == 0 and (shop / "out").exists(), done.stderr
    assert "set aside as rwlock.torn" in done.stdout
    path.with_name("rwlock.torn").unlink()


def test_a_typo_in_params_leaves_the_pin(shop: Path, quick: Path) -> None:
    params = shop / "params.yaml"
    whole = params.read_text(encoding="utf8")
    params.write_text(whole.replace("max_text:", "max_txt:"), encoding="utf8")
    done = run(shop, "-m", "pipelines.commands.day", python=quick)
    params.write_text(whole, encoding="utf8")
    assert done.returncode == 1 and "ingest.max_txt" in done.stderr and "Traceback" not in done.stderr
    assert (shop / "store/champion.json").read_text() == PIN


def test_the_first_repro_of_a_clone_names_make_sample(tmp_path: Path, quick: Path) -> None:
    copy_project(tmp_path)
    done = run(tmp_path, "-m", "pipelines.commands.repro", python=quick)
    assert done.returncode and "Traceback" not in done.stderr
    assert "ingest: No raw data yet" in done.stderr and "`make sample`" in done.stderr
    assert "store/raw/<source>/dt=YYYY-MM-DD/" in done.stderr


@pytest.mark.parametrize(
    ("file", "before", "after", "named"),
    [
        ("params.yaml", "channel: kefu_jsonl", "channel: kefu_jsonn", "unknown channel 'kefu_jsonn'"),
        ("params.yaml", "max_text: 8000", "max_text: many", "ingest.max_text"),
        ("shop/pack.yaml", "name:", "nme:", "pack.yaml"),
    ],
)
def test_a_stage_explains_what_the_user_can_mend(
    clone: Path, quick: Path, file: str, before: str, after: str, named: str
) -> None:
    path = clone / file
    whole = path.read_text(encoding="utf8")
    assert before in whole
    path.write_text(whole.replace(before, after, 1), encoding="utf8")
    done = run(clone, "-m", "pipelines.ingest", python=quick)
    path.write_text(whole, encoding="utf8")
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith("ingest: ")
    assert named in done.stderr and "Traceback" not in done.stderr
