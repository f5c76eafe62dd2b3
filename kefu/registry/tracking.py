"""Experiments and the model registry. Only this file and database.py import MLflow.

One parent run a ``dvc repro``, one child run a stage. The stages are separate processes, so the parent
is found by the ``dvc`` process they all descend from; a stage run by hand gets a parent of its own.
A model version is a whole release folder. The alias ``champion`` names the one that serves,
``previous`` the one before it.

SQLite beside the project by default; ``MLFLOW_TRACKING_URI`` names a server instead.

    python -m kefu.registry.tracking    # makes the database ready, as `make ui` needs it
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from kefu.errors import KefuError

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a shop's runs are nobody else's business
os.environ.setdefault("DO_NOT_TRACK", "true")

from mlflow import MlflowClient, artifacts
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from kefu.io import read_json
from kefu.paths import ROOT
from kefu.registry.database import UnusableDatabase, make_ready

EXPERIMENT = "kefu"
MODEL = "kefu"
CHAMPION, PREVIOUS = "champion", "previous"
PARAM_LIMIT = 6000  # characters MLflow stores of one parameter

for _chatty in ("alembic", "mlflow.store.db.utils"):  # database set-up would greet every newcomer
    logging.getLogger(_chatty).setLevel(logging.WARNING)


class NoSuchVersion(KefuError, LookupError):
    """The registry has no such model version or alias; the message says what it has."""


@dataclass(frozen=True)
class ChampionInfo:
    """A registered release: version, content hash of its manifest, and the run that made it."""

    version: int
    content_hash: str
    run_id: str


@dataclass(frozen=True)
class StageRun:
    """The child run of one stage."""

    run_id: str
    parent_id: str

    def metrics(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            client().log_metric(self.run_id, name, value)

    def artifact(self, path: Path, folder: str | None = None) -> None:
        client().log_artifact(self.run_id, str(path), folder)


def uri() -> str:
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{ROOT / 'mlflow.db'}"


def client() -> MlflowClient:
    """MLflow's client on a database that is ready. Raises UnusableDatabase."""
    make_ready(uri())
    return MlflowClient(uri())


def experiment_id() -> str:
    """Id of Kefu's experiment, made when it is missing."""
    found = client().get_experiment_by_name(EXPERIMENT)
    if found:
        return str(found.experiment_id)
    local = None if os.environ.get("MLFLOW_TRACKING_URI") else (ROOT / "mlruns").as_uri()
    try:
        return str(client().create_experiment(EXPERIMENT, artifact_location=local))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return experiment_id()  # another first command was quicker


def _key(process: psutil.Process) -> str:
    return f"{socket.gethostname()}:{process.pid}:{process.create_time():.0f}"


def _repro_process() -> psutil.Process:
    """The ``dvc`` process that started this stage, or this process itself."""
    own = psutil.Process()
    for process in own.parents():
        if any(Path(word).name == "dvc" for word in process.cmdline()[:3]):
            return process
    return own


def _alive(key: str) -> bool:
    host, pid, created = key.rsplit(":", 2)
    if host != socket.gethostname():
        return True  # another machine's process cannot be looked at from here
    return psutil.pid_exists(int(pid)) and _key(psutil.Process(int(pid))).endswith(created)


def _close_killed(experiment: str) -> None:
    """Runs whose process is gone were killed: say so instead of showing them as running for ever."""
    for run in client().search_runs([experiment], "attributes.status = 'RUNNING'"):
        key = run.data.tags.get("kefu.process")
        if key and not _alive(key):
            client().set_terminated(run.info.run_id, "KILLED")


def _parent(experiment: str, tags: Mapping[str, str]) -> Run:
    key = _key(_repro_process())
    found = client().search_runs([experiment], f"tags.`kefu.repro` = '{key}'", max_results=1)
    if found:
        return found[0]
    return client().create_run(experiment, tags={**tags, "kefu.repro": key}, run_name=f"repro {key.rsplit(':', 1)[0]}")


@contextmanager
def stage_run(stage: str, params: Mapping[str, object], tags: Mapping[str, str]) -> Iterator[StageRun]:
    """Opens the child run of a stage below its repro's parent; an error inside marks both FAILED."""
    experiment = experiment_id()
    _close_killed(experiment)
    parent = _parent(experiment, tags).info.run_id
    child_tags = {**tags, "mlflow.parentRunId": parent, "kefu.stage": stage, "kefu.process": _key(psutil.Process())}
    run = client().create_run(experiment, tags=child_tags, run_name=stage)
    for name, value in params.items():
        client().log_param(run.info.run_id, name, str(value)[:PARAM_LIMIT])
    client().update_run(parent, status="RUNNING")
    status = "FAILED"
    try:
        yield StageRun(run.info.run_id, parent)
        status = "FINISHED"
    finally:
        client().set_terminated(run.info.run_id, status)
        client().set_terminated(parent, status)


def register(release: Path, metrics: Mapping[str, float], run_id: str | None = None) -> int:
    """Stores a sealed release in the registry; the same content is registered once. Returns its version."""
    content_hash = read_json(release / "manifest.json")["content_hash"]
    try:
        client().get_registered_model(MODEL)
    except MlflowException:
        client().create_registered_model(MODEL)
    for version in client().search_model_versions(f"name = '{MODEL}'"):
        if version.tags.get("content_hash") == content_hash:
            return int(version.version)
    run = client().get_run(run_id) if run_id else client().create_run(experiment_id(), run_name="register")
    client().log_artifacts(run.info.run_id, str(release), "release")
    tags = {"content_hash": content_hash, **{name: f"{value:.6g}" for name, value in metrics.items()}}
    made = client().create_model_version(MODEL, f"{run.info.artifact_uri}/release", run.info.run_id, tags=tags)
    if run_id is None:
        client().set_terminated(run.info.run_id)
    return int(made.version)


def _by_alias(alias: str) -> ChampionInfo | None:
    try:
        found = client().get_model_version_by_alias(MODEL, alias)
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise
    return ChampionInfo(int(found.version), found.tags["content_hash"], found.run_id or "")


def champion() -> ChampionInfo | None:
    """The release that serves, or None before the first promotion."""
    return _by_alias(CHAMPION)


def previous() -> ChampionInfo | None:
    return _by_alias(PREVIOUS)


def versions() -> list[int]:
    return sorted(int(v.version) for v in client().search_model_versions(f"name = '{MODEL}'"))


def promote(version: int) -> None:
    """Moves the alias ``champion``; the old one becomes ``previous``. Safe to repeat."""
    if version not in versions():
        raise NoSuchVersion(f"The registry has no version {version} of {MODEL!r}; it has {versions() or 'none'}")
    now = champion()
    if now and now.version == version:
        return
    if now:
        client().set_registered_model_alias(MODEL, PREVIOUS, str(now.version))
    client().set_registered_model_alias(MODEL, CHAMPION, str(version))


def rollback() -> ChampionInfo:
    """Gives the alias ``champion`` back to ``previous`` and returns it."""
    now, before = champion(), previous()
    if now is None or before is None or now.version == before.version:
        raise NoSuchVersion("There is no previous champion to roll back to")
    client().set_registered_model_alias(MODEL, CHAMPION, str(before.version))
    client().set_registered_model_alias(MODEL, PREVIOUS, str(now.version))
    return before


def release_aliases(version: int) -> list[str]:
    """Which aliases (champion, previous) name a version."""
    named = {CHAMPION: champion(), PREVIOUS: previous()}
    return [alias for alias, info in named.items() if info and info.version == version]


def run_artifacts() -> Iterator[tuple[str, str]]:
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


def artifact(run_id: str, path: str, folder: Path) -> Path:
    """A logged file: in place for a local store, else downloaded into ``folder``."""
    return Path(client().download_artifacts(run_id, path, None if local_artifacts(run_id) else str(folder)))


def local_artifacts(run_id: str) -> bool:
    return str(client().get_run(run_id).info.artifact_uri).startswith(("/", "file:"))


def delete_artifact(run_id: str, path: str) -> None:
    """Removes a logged file for good."""
    get_artifact_repository(client().get_run(run_id).info.artifact_uri).delete_artifacts(path)


def download_release(version: int) -> Path:
    """Local folder of a registered release: in place for a local store, else downloaded."""
    if version not in versions():
        raise NoSuchVersion(f"The registry has no version {version} of {MODEL!r}; it has {versions() or 'none'}")
    source = client().get_model_version(MODEL, str(version)).source
    return Path(artifacts.download_artifacts(artifact_uri=source, tracking_uri=uri()))


if __name__ == "__main__":
    try:
        make_ready(uri())
    except UnusableDatabase as error:
        sys.exit(str(error))
