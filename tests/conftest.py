"""What holds for every test: numeric libraries use one thread a process, and folders are run as wholes.

The models and matrices of the tests are so small that a second thread mostly waits, and OpenBLAS and OpenMP wait
in a busy loop. The other core serves `make test`'s other processes instead. A folder's tests stay in one process
(they share servers and models), and the longest folders come first, so that all processes end together.
"""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.fixtures.preloaded_python import preloaded

# Set here because a library reads it once, when it is imported; processes that tests start inherit it.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# Hundreds of processes import the same libraries; without bytecode each compiles them anew, 5 to 20 s of the processor.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The same examples in every run, so that a test fails on the change that broke it, not days later on another.
# `pytest --hypothesis-profile default` searches at random.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

LONGEST = ("graph", "e2e", "ingest", "models", "labeling", "forget", "review", "serving")  # docs/guides/testing.md


class FolderScheduling(LoadScopeScheduling):
    """A folder's tests go to one process of pytest-xdist, wherever it spreads tests over processes."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("/")[1]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return FolderScheduling(config, log)


def pytest_xdist_setupnodes(config: pytest.Config, specs: Sequence[Any]) -> None:
    """Its processes are forked from one that has imported the libraries: 15 s of the processor for each."""
    stack = ExitStack()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="kefu-"))
    programs = stack.enter_context(preloaded(Path(folder)))
    for spec in specs:
        spec.python = f"{programs / 'python'} --worker"
    config.add_cleanup(stack.close)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported stays to the end; looking through it for garbage took a third of the collection's time."""
    gc.disable()
    result = yield
    gc.freeze()
    gc.enable()
    return result


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {folder: place for place, folder in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.nodeid.split("/")[1], len(rank)))


@pytest.fixture(scope="session", autouse=True)
def _packs_parsed_once() -> Iterator[None]:
    """A file of a pack is parsed once a process as long as its bytes stay: that was half of the cost of a pack."""
    from kefu.shop import part

    original = part.read_yaml

    @cache
    def parsed(path: Path, content: bytes) -> Any:
        return original(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part, "read_yaml", lambda path: deepcopy(parsed(path, path.read_bytes())))
        yield


@pytest.fixture(scope="session")
def _empty_database() -> Path:
    """MLflow's database as a first command makes it: seconds of migrations, once a checkout."""
    from kefu.registry import database  # imports mlflow, which most folders need not
    from tests.fixtures.built_once import built_once

    def verify(folder: Path) -> None:
        if not (folder / "mlflow.db").is_file():
            raise database.UnusableDatabase(f"{folder}: no database")

    def build(folder: Path) -> None:
        database.make_ready(f"sqlite:///{folder / 'mlflow.db'}")

    return built_once("mlflow", Path(database.__file__), [], build, verify) / "mlflow.db"


@pytest.fixture
def registry(_empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty registry of the test's own; artefacts of a SQLite store lie below the working folder, hence there."""
    shutil.copy(_empty_database, tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
