"""MLflow's database when it is a SQLite file on this machine: whole, of this MLflow's schema, or refused in one line.

MLflow makes it in place, in some seventy migrations without a transaction around them: a kill leaves a half-made
file that no later start can use, and processes that start at once trip over one another. So it is made in
``<name>.new`` under a lock of the kernel's, and renamed. One of an older schema is upgraded in a copy; the old file
is kept beside it.

Not covered: ``mlflow ui`` started by hand on a file that is not there yet; ``make ui`` makes it first.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from mlflow.exceptions import MlflowException
from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from kefu.errors import KefuError

logger = logging.getLogger(__name__)

CONTENT = ("experiments", "runs", "registered_models")  # tables that are empty until the first migration has ended
BUSY_S = 60.0  # seconds to wait while another process writes


class UnusableDatabase(KefuError, RuntimeError):
    """MLflow's database cannot be used as it is; the message says what to do."""


@cache
def make_ready(uri: str) -> None:
    """Makes or upgrades the SQLite file that ``uri`` names; anything else is left to MLflow. Looks once a process.

    Raises:
        UnusableDatabase: when it is neither this MLflow's nor one that this MLflow can upgrade.
    """
    url = _sqlite_url(uri)
    if url is None:
        return
    path, head = Path(str(url.database)).absolute(), _newest_revision()
    if _revision(path) == head:
        return
    with locked(path):
        found = _revision(path)
        if found != head:
            _replace(url, path, found, head)


def _sqlite_url(uri: str) -> URL | None:
    """The URL of a SQLite file; None for servers, other databases and databases in memory."""
    try:
        url = make_url(uri)
    except ArgumentError:
        return None
    named = url.database or ":memory:"
    return url if url.get_backend_name() == "sqlite" and named != ":memory:" and not named.startswith("file:") else None


def _newest_revision() -> str:
    from mlflow.store.db.utils import _get_latest_schema_revision

    return str(_get_latest_schema_revision())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the kernel lets go of it when the process is killed
        yield


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that may write: SQLite then takes back what a killed process had not finished."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_S)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise UnusableDatabase(
            f"{path}: cannot be read as MLflow's database ({error}): put a backup in its place, or move the file away "
            "to begin with an empty registry"
        ) from error


def _is_missing(path: Path) -> bool:
    """A file of no bytes is one that a process was killed upon opening."""
    return not path.exists() or path.stat().st_size == 0


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _revision(path: Path) -> str | None:
    """Schema that the file says it has; None when it is missing or does not say."""
    if _is_missing(path):
        return None
    with _opened(path) as connection:
        if "alembic_version" not in _tables(connection):
            return None
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return str(rows[0][0]) if len(rows) == 1 else None


def _holds_something(path: Path) -> bool:
    """Whether anything was ever logged or registered: what was killed in its first migration holds nothing."""
    if _is_missing(path):
        return False
    with _opened(path) as connection:
        there = _tables(connection)
        foreign = there and not there & {"alembic_version", *CONTENT}
        found = (connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in CONTENT if table in there)
        return bool(foreign) or any(found)


def _replace(url: URL, path: Path, found: str | None, head: str) -> None:
    """Puts a new or upgraded database in place of what is there, under the lock."""
    new = path.with_name(f"{path.name}.new")
    _remove(new, f"{new}-journal")
    if _holds_something(path):
        _upgrade(url, path, new, f"its schema ({found or 'unknown'}) is not the one of the installed MLflow ({head})")
    _make(url, new)
    if not _is_missing(path):
        kept = path.with_name(f"{path.name}.{found or 'torn'}")
        shutil.copy2(path, kept)
        logger.warning("%s: schema %s replaced by %s; the old file is kept as %s", path, found, head, kept.name)
    # A journal that a kill left beside a deleted database would be played into the new one.
    _remove(*(f"{path}-{kind}" for kind in ("journal", "wal", "shm")))
    new.replace(path)


def _upgrade(url: URL, path: Path, new: Path, why: str) -> None:
    """Writes an upgraded copy of ``path`` to ``new``. Raises UnusableDatabase when there is no way to."""
    from alembic.util import CommandError
    from mlflow.store.db.utils import _upgrade_db

    with _opened(path) as source, closing(sqlite3.connect(new)) as copy:
        source.backup(copy)
    engine = create_engine(url.set(database=str(new)))
    try:
        _upgrade_db(engine)
    except (MlflowException, SQLAlchemyError, CommandError) as error:
        raise UnusableDatabase(
            f"{path}: {why} and cannot be upgraded ({str(error).splitlines()[0]}): install the MLflow that made it, "
            "put a backup in its place, or move the file away to begin with an empty registry"
        ) from error
    finally:
        engine.dispose()


def _make(url: URL, new: Path) -> None:
    """Makes what MLflow makes on its first start: all tables (unless they are there) and the default experiment."""
    from mlflow.store.tracking import DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    made = SqlAlchemyStore(str(url.set(database=str(new))), DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH)
    made.engine.dispose()


def _remove(*names: Path | str) -> None:
    for name in names:
        Path(name).unlink(missing_ok=True)
