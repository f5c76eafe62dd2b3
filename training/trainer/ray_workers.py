"""Runs a training in several processes by Ray Train: on this machine, or on the cluster that ``RAY_ADDRESS`` names.

Each process is one worker of a torch process group (gloo, or NCCL on GPUs, one each) and does the same work; what it
computes of it and what it exchanges is ``training/trainer/workers.py``'s business. On several machines the project's
folder lies at the same place, as the base, the sets and the checkpoints are read and written there, and
``MLFLOW_TRACKING_URI`` names a server. A worker that dies ends the training; the stage, run again, goes on from the
last checkpoint.
"""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import ray
from ray.train import RunConfig, ScalingConfig, TrainingFailedError
from ray.train.torch import TorchConfig, TorchTrainer

from kefu.errors import KefuError, Unusable
from kefu.parallel import cores

T = TypeVar("T")
WAIT_S = 24 * 3600  # for another worker: the first may answer questions for hours. Ray tells of one that died
OBJECT_STORE_BYTES = 1 << 28
# Ray changes a worker's folder to that of its run, and shows each worker all GPUs; the trainer takes the first it sees.
# Its workers have a niceness of 15: on a busy machine they got a hundredth of a core.
SETTINGS = {
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TRAIN_ENABLE_SHARE_CUDA_VISIBLE_DEVICES": "0",
    "RAY_worker_niceness": "0",
}
# By these accelerate would take the exchange of gradients into its own hands.
PROCESS_GROUP = ("RANK", "LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "ACCELERATE_TORCH_DEVICE")


class WorkersFailed(KefuError, RuntimeError):
    """A worker ended before the training did; the message has what Ray knows of it."""


def run_on_workers(work: Callable[[], T], workers: int, scratch: Path) -> T:
    """Calls ``work`` in several processes at once and returns what it returned in the first.

    Args:
        work: picklable, as its result is; calls the functions of ``training/trainer/workers.py`` in the same order
            in all processes.
        scratch: folder that all machines see, for Ray's own files of this run; they are removed.

    Raises:
        Unusable: there are not so many CPUs, or GPUs where there are some.
        WorkersFailed: a worker died. What ``work`` raises of KefuError is raised as it is.
    """

    def alone() -> T:
        for name in PROCESS_GROUP:  # the process group stands; nobody else shall find it in the environment
            os.environ.pop(name, None)
        return work()

    scratch.mkdir(parents=True, exist_ok=True)
    with _ray(workers), tempfile.TemporaryDirectory(dir=scratch) as own:
        gpus = ray.cluster_resources().get("GPU", 0) > 0
        kind = "GPU" if gpus else "CPU"
        if (found := int(ray.cluster_resources().get(kind, 0))) < workers:
            raise Unusable(
                f"finetune.workers: {workers}, but Ray has {found} {kind}s: lower it, or name a cluster in RAY_ADDRESS"
            )
        trainer = TorchTrainer(
            cast(Callable[[], None], alone),  # what it returns comes back all the same
            torch_config=TorchConfig(timeout_s=WAIT_S),
            scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpus),
            run_config=RunConfig(name="finetune", storage_path=own),
        )
        try:
            result: Any = trainer.fit()
            return cast(T, result.return_value)
        except TrainingFailedError as error:
            raise _cause(error) from error


def _cause(error: TrainingFailedError) -> KefuError:
    """The error that a worker raised, when it is one that the user can mend."""
    failures = getattr(error, "worker_failures", {}).values()
    raised = [getattr(failure, "_base_exc", failure) for failure in failures]
    for one in raised:
        if isinstance(one, KefuError):
            return one
    return WorkersFailed(f"a worker ended: {error}: run the stage again, it goes on from the last checkpoint")


@contextmanager
def _ray(workers: int) -> Iterator[None]:
    """Ray as it runs in this process, else the cluster's or one of this machine, ended afterwards."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    os.environ.update(SETTINGS)
    logging.getLogger("ray").setLevel(logging.ERROR)
    started = not ray.is_initialized()
    if started:
        address = os.environ.get("RAY_ADDRESS")
        here: dict[str, Any] = (
            {} if address else {"num_cpus": max(cores(), workers), "object_store_memory": OBJECT_STORE_BYTES}
        )
        ray.init(address or "local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **here)
    try:
        yield
    finally:
        if started:
            ray.shutdown()
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():  # Ray sets its own
                signal.signal(number, handler)
