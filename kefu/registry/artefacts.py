"""Files that stages logged in MLflow: found, read and, for `kefu forget`, removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from kefu.registry.runs import EXPERIMENT, client


def logged_files() -> Iterator[tuple[str, str]]:
    """(run id, path) of every file that stages logged; sealed releases are left out, they are the registry's."""
    found = client().get_experiment_by_name(EXPERIMENT)
    token = None
    while found:
        page = client().search_runs([found.experiment_id], page_token=token)
        for run in page:
            yield from ((run.info.run_id, path) for path in _files(run.info.run_id, None))
        token = page.token
        if not token:
            return


def _files(run_id: str, folder: str | None) -> Iterator[str]:
    for entry in client().list_artifacts(run_id, folder):
        if entry.path != "release":
            yield from _files(run_id, entry.path) if entry.is_dir else (entry.path,)


def download_file(run_id: str, path: str, folder: Path) -> Path:
    """A logged file: in place for a local store, else downloaded into ``folder``."""
    return Path(client().download_artifacts(run_id, path, None if _has_local_store(run_id) else str(folder)))


def _has_local_store(run_id: str) -> bool:
    return str(client().get_run(run_id).info.artifact_uri).startswith(("/", "file:"))


def delete_file(run_id: str, path: str) -> None:
    """Removes a logged file for good."""
    get_artifact_repository(client().get_run(run_id).info.artifact_uri).delete_artifacts(path)
