"""What holds for every test, and for each process that a test starts: numeric libraries use one thread.

The models and matrices of the tests are so small that a second thread mostly waits, and OpenBLAS and OpenMP wait
in a busy loop.
"""

import os
import shutil
from pathlib import Path

import pytest

# Set here because a library reads it once, when it is imported; processes that tests start inherit it.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")


@pytest.fixture(scope="session")
def _empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database as a first command makes it: seconds of migrations, once a process."""
    from kefu.registry.database import make_ready  # imports mlflow, which most folders need not

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    make_ready(f"sqlite:///{path}")
    return path


@pytest.fixture
def registry(_empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty registry of the test's own; artefacts of a SQLite store lie below the working folder, hence there."""
    shutil.copy(_empty_database, tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
