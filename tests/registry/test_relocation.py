"""A project that was moved, renamed or copied still has its champion, and what was logged is found and goes on."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kefu.io import write_json
from kefu.registry import evaluations, releases, runs
from kefu.registry.relocation import COLUMNS
from kefu.registry.traces import TracedConversation, log_conversations
from tests.registry.test_evaluations import HASH, SOURCES, TURNS


@pytest.fixture
def project(_empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose champion, with a measured model, lies in its own registry."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = tmp_path / "project"
    (folder / "release").mkdir(parents=True)
    shutil.copy(_empty_database, folder / "mlflow.db")
    write_json(folder / "release/manifest.json", {"content_hash": HASH})
    work_in(folder, monkeypatch)
    with runs.stage_run("evaluate", {}, {}) as run:
        model = evaluations.log_model(run, HASH, {}, SOURCES)
        log_conversations(run, model, [TracedConversation("hello", TURNS, "")])
    releases.promote(releases.register(folder / "release", {"a": 1.0}, run.run_id))
    return folder


def work_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "DATABASE", folder / "mlflow.db")
    monkeypatch.setattr(runs, "ARTEFACTS", folder / "mlruns")


@pytest.mark.parametrize("put", [shutil.move, shutil.copytree])
def test_the_champion_is_where_the_project_is(
    put: Callable[[Path, Path], object], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = releases.download_release(1)
    new = project.with_name("搬 家")
    put(project, new)
    work_in(new, monkeypatch)
    champion = releases.champion()
    assert champion is not None and champion.version == 1
    now = releases.download_release(1)
    assert now != before and new in now.parents and (now / "manifest.json").is_file()
    assert releases.register(new / "release", {}) == 1  # the same content is known
    with runs.stage_run("promote", {}, {}) as run:
        run.artifact(new / "release/manifest.json")
    assert list((new / "mlruns").rglob(f"{run.run_id}/artifacts/manifest.json"))


def test_nothing_names_the_old_place(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = project.rename(project.with_name("renamed"))
    work_in(new, monkeypatch)
    runs.client()
    with closing(sqlite3.connect(new / "mlflow.db")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        held = {
            (table, column)
            for table in tables
            for (_, column, kind, *_) in database.execute(f"PRAGMA table_info({table})")
            if "CHAR" in kind or "TEXT" in kind
            for found in database.execute(f"SELECT count(*) FROM {table} WHERE {column} LIKE '%{project}/mlruns%'")
            if found[0]
        }
        assert held == set()
        (moved,) = database.execute(f"SELECT count(*) FROM runs WHERE artifact_uri LIKE '{new.as_uri()}/mlruns/%'")
    assert moved[0] >= 1 and ("runs", "artifact_uri") in COLUMNS
