"""MLflow's database on the first command of a clone: killed in the middle, four at once, or on a file that is there."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import mlflow
import pytest
from alembic import command
from mlflow.store.db.utils import _get_alembic_config

from kefu.registry import releases, runs
from kefu.registry.database import UnusableDatabase, make_ready
from tests.fixtures.forked import start


def first_command(folder: Path) -> None:
    """In a process of its own: uses the project's registry as every command does."""
    os.chdir(folder)
    os.environ["MLFLOW_TRACKING_URI"] = uri(folder)
    with runs.stage_run("ingest", {"a": 1}, {}) as run:
        run.metrics({"m": 1.0})
    assert releases.champion() is None


def mlflow_alone(folder: Path) -> None:
    """In a process of its own: MLflow makes the database in place, as Kefu let it once."""
    mlflow.MlflowClient(uri(folder)).search_experiments()


def downgrade(folder: Path) -> None:
    """In a process of its own: takes the last migration back, by MLflow's own script."""
    command.downgrade(_get_alembic_config(uri(folder)), "-1")


def uri(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow.db'}"


def succeeds(process: ForkServerProcess) -> None:
    process.join()
    assert process.exitcode == 0


def rows(folder: Path, table: str) -> int:
    with closing(sqlite3.connect(folder / "mlflow.db")) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def kill_when(process: ForkServerProcess, folder: Path, size: int) -> None:
    """Kills it once the database, wherever it is being made, has ``size`` bytes."""
    while process.is_alive():
        if any(p.stat().st_size >= size for p in folder.glob("mlflow.db*") if "-journal" not in p.name and p.exists()):
            process.kill()
            process.join()
            return
        time.sleep(0.001)
    raise AssertionError(f"ended by itself: {process.exitcode}")


def execute(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "mlflow.db")) as db, db:
        for statement in statements:
            db.execute(statement)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose database one process made, with two runs in it."""
    folder = tmp_path_factory.mktemp("finished")
    succeeds(start(first_command, folder))
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Iterator[Path]:
    shutil.copy(finished / "mlflow.db", tmp_path)
    yield tmp_path
    make_ready.cache_clear()


@pytest.mark.parametrize("size", [1, 300_000])
def test_killed_in_the_first_migration(size: int, tmp_path: Path) -> None:
    kill_when(start(first_command, tmp_path), tmp_path, size)
    succeeds(start(first_command, tmp_path))
    assert rows(tmp_path, "runs") == 2 and not (tmp_path / "mlflow.db.new").exists()


def test_four_first_commands_at_once(tmp_path: Path) -> None:
    for process in [start(first_command, tmp_path) for _ in range(4)]:
        succeeds(process)
    assert rows(tmp_path, "runs") == 8


def test_a_database_that_an_older_kefu_left_half_made(tmp_path: Path) -> None:
    """MLflow made it in place then, so the file itself is torn; nothing was ever logged in it."""
    kill_when(start(mlflow_alone, tmp_path), tmp_path, 200_000)
    succeeds(start(first_command, tmp_path))
    assert rows(tmp_path, "runs") == 2
    assert [path for path in tmp_path.glob("mlflow.db.*") if path.suffix not in {".lock"}]  # kept


def test_a_database_of_an_older_mlflow_is_upgraded_and_kept(folder: Path) -> None:
    succeeds(start(downgrade, folder))
    succeeds(start(first_command, folder))
    assert rows(folder, "runs") == 4
    assert len(list(folder.glob("mlflow.db.*"))) == 2  # the lock and the old file


def test_a_database_of_a_newer_mlflow_is_refused_untouched(folder: Path) -> None:
    execute(folder, "UPDATE alembic_version SET version_num = 'ffffffffffff'")
    before = (folder / "mlflow.db").read_bytes()
    with pytest.raises(UnusableDatabase, match=r"mlflow\.db: its schema \(ffffffffffff\).*install the MLflow"):
        make_ready(uri(folder))
    assert (folder / "mlflow.db").read_bytes() == before


def test_runs_in_a_torn_database_are_never_thrown_away(folder: Path) -> None:
    execute(folder, "DROP TABLE alembic_version")
    before = (folder / "mlflow.db").read_bytes()
    with pytest.raises(UnusableDatabase, match="put a backup in its place"):
        make_ready(uri(folder))
    assert (folder / "mlflow.db").read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(content)
    with pytest.raises(UnusableDatabase, match=r"mlflow\.db: cannot be read"):
        make_ready(uri(tmp_path))
    assert (tmp_path / "mlflow.db").read_bytes() == content


@pytest.mark.parametrize("name", ["kefu 客服.db", "100%.db", "a#b.db"])
def test_any_file_name_will_do(name: str, tmp_path: Path) -> None:
    make_ready(f"sqlite:///{tmp_path / name}")
    assert {path.name for path in tmp_path.iterdir()} == {name, f"{name}.lock"}


@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:9", "sqlite://", "sqlite:///:memory:", "file:///x", "mlruns"])
def test_what_is_no_file_of_sqlite_is_left_to_mlflow(
    elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_ready(elsewhere)
    assert list(tmp_path.iterdir()) == []
