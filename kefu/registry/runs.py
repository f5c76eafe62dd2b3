"""Experiments: one parent run a ``dvc repro``, one child run a stage.

The stages are separate processes, so the parent is found by the ``dvc`` process they all descend from; a
stage run by hand gets a parent of its own.

SQLite beside the project by default; ``MLFLOW_TRACKING_URI`` names a server instead.

    python -m kefu.registry.runs    # makes the database ready for `make ui`, and says where its page is
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import psutil
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run
from mlflow.exceptions import MlflowException
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

from kefu.io import private_dir
from kefu.paths import ROOT
from kefu.registry.data_sources import DataSource, log_inputs
from kefu.registry.database import UnusableDatabase, make_ready
from kefu.registry.relocation import follow_project

EXPERIMENT = "kefu"
UI = "http://127.0.0.1:5000"  # where `mlflow ui` listens
KIND = {"mlflow.experimentKind": "custom_model_development"}  # MLflow's mark of model training
# The project's folder, also for an experiment that DVC runs on a copy below .dvc/tmp (`dvc exp run --queue`, `--temp`).
HOME = next((folder.parent for folder in ROOT.parents if folder.name == ".dvc"), ROOT)
DATABASE, ARTEFACTS = HOME / "mlflow.db", HOME / "mlruns"
PARAM_LIMIT = 6000  # characters MLflow stores of one parameter
FLUSH_S = 5  # seconds that figures of training steps may wait before they are sent
MOST_METRICS, MOST_PARAMS = 1000, 100  # that MLflow takes at once

# Database set-up would greet every newcomer, and what the machine does each stage.
for _chatty in ("alembic", "mlflow.store.db.utils", "mlflow.system_metrics"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)


class _Curve:
    """Figures of steps that MLflow does not have yet; a call for each would cost more than a step of a tiny model."""

    def __init__(self) -> None:
        self.waiting: list[Metric] = []
        self.sent = time.monotonic()


class MeasuredOn(NamedTuple):
    """Whose figure a metric is: a LoggedModel's, on a data set."""

    model_id: str
    dataset: str
    digest: str


@dataclass(frozen=True)
class StageRun:
    """The child run of one stage. measured_on: suite → whose figures ``suite.metric`` are as well."""

    run_id: str
    parent_id: str
    measured_on: dict[str, MeasuredOn] = field(default_factory=dict)
    _curve: _Curve = field(default_factory=_Curve, repr=False)

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """Logs figures of a training step, while it runs: at most ``FLUSH_S`` later they are in MLflow."""
        now = int(time.time() * 1000)
        self._curve.waiting += [Metric(name, value, now, step) for name, value in values.items()]
        if time.monotonic() - self._curve.sent >= FLUSH_S or len(self._curve.waiting) >= MOST_METRICS:
            self.flush()

    def flush(self) -> None:
        """Sends the figures that wait."""
        waiting = self._curve.waiting
        for start in range(0, len(waiting), MOST_METRICS):
            client().log_batch(self.run_id, metrics=waiting[start : start + MOST_METRICS])
        waiting.clear()
        self._curve.sent = time.monotonic()

    def metrics(self, values: Mapping[str, float]) -> None:
        """Sends figures of the whole stage, at once."""
        now = int(time.time() * 1000)
        self._curve.waiting += [self._metric(name, value, now) for name, value in values.items()]
        self.flush()

    def _metric(self, name: str, value: float, now: int) -> Metric:
        of = self.measured_on.get(name.partition(".")[0])
        if of is None:
            return Metric(name, value, now, 0)
        return Metric(name, value, now, 0, of.model_id, of.dataset, of.digest, self.run_id)

    def headline(self, values: Mapping[str, float]) -> None:
        """Sends figures to the parent run as well, by which two repros are compared."""
        now = int(time.time() * 1000)
        if values:
            client().log_batch(self.parent_id, metrics=[Metric(name, value, now, 0) for name, value in values.items()])

    def artifact(self, path: Path, folder: str | None = None) -> None:
        client().log_artifact(self.run_id, str(path), folder)


def uri() -> str:
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{DATABASE}"


def client() -> MlflowClient:
    """MLflow's client on a database that is ready. Raises UnusableDatabase."""
    make_ready(uri())
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        follow_project(DATABASE, ARTEFACTS, EXPERIMENT)
    return MlflowClient(uri())


def experiment_id() -> str:
    """Id of Kefu's experiment, made when it is missing."""
    found = client().get_experiment_by_name(EXPERIMENT)
    if found:
        return str(found.experiment_id)
    local = None if os.environ.get("MLFLOW_TRACKING_URI") else private_dir(ARTEFACTS).as_uri()  # reports quote people
    try:
        return str(client().create_experiment(EXPERIMENT, artifact_location=local, tags=KIND))
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


def _parent(experiment: str, tags: Mapping[str, str], name: str) -> Run:
    """The run of the present repro, named when its first stage begins."""
    key = _key(_repro_process())
    found = client().search_runs([experiment], f"tags.`kefu.repro` = '{key}'", max_results=1)
    if found:
        return found[0]
    began = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"
    return client().create_run(experiment, tags={**tags, "kefu.repro": key}, run_name=" · ".join([began, name]))


@contextmanager
def stage_run(
    stage: str,
    params: Mapping[str, object],
    tags: Mapping[str, str],
    repro: str = "repro",
    inputs: Sequence[DataSource] = (),
) -> Iterator[StageRun]:
    """Opens the child run of a stage below its repro's parent; an error inside marks both FAILED.

    While it is open, MLflow logs every ten seconds what the machine does: processors, memory, disk, network, and GPUs
    where `nvidia-ml-py` is installed.

    Args:
        params: logged by both, so that two repros can be compared.
        repro: name of the parent, behind the time at which it began.
        inputs: what the stage reads, logged by both.
    """
    experiment = experiment_id()
    _close_killed(experiment)
    parent = _parent(experiment, tags, repro).info.run_id
    child_tags = {**tags, "mlflow.parentRunId": parent, "kefu.stage": stage, "kefu.process": _key(psutil.Process())}
    run = client().create_run(experiment, tags=child_tags, run_name=stage)
    told = [Param(name, str(value)[:PARAM_LIMIT]) for name, value in params.items()]
    for owner in (run.info.run_id, parent):
        for start in range(0, len(told), MOST_PARAMS):
            client().log_batch(owner, params=told[start : start + MOST_PARAMS])
        log_inputs(client(), owner, inputs)
    client().update_run(parent, status="RUNNING")
    opened, status = StageRun(run.info.run_id, parent), "FAILED"
    machine = SystemMetricsMonitor(run.info.run_id, tracking_uri=uri())
    machine.start()
    try:
        yield opened
        status = "FINISHED"
    finally:
        machine.finish()
        opened.flush()
        client().set_terminated(run.info.run_id, status)
        client().set_terminated(parent, status)


if __name__ == "__main__":
    try:
        # MLflow's page opens on GenAI until a browser was told otherwise, whatever kind an experiment is of.
        where = f"{UI}/#/experiments/{experiment_id()}?workflowType=machine_learning"
        sys.stdout.write(f"Runs of the loop: {where}\n")
    except UnusableDatabase as error:
        sys.exit(str(error))
