"""A server in a process of its own, which may be killed: Ray runs once a process, and its parameters are its own.

    python -m benchmarks.serving.faults.own_server FIRST_RELEASE SECOND_RELEASE FOLDER PARAMETERS_AS_JSON

It prints its address and its store's as JSON. SIGUSR1 deploys the second release; then it prints another line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import httpx
import psutil

from benchmarks.serving.servers import free_port
from kefu.paths import ROOT
from pipelines.params import load_params

UPDATED = "updated\n"
READY_S = 120
CHAT, MODELS = "ServeReplica:kefu:Chat", "ServeReplica:kefu:Models"
RESTART_S = 0.1  # systemd's RestartSec, unless a unit names another


@dataclass
class OwnServer:
    """One that runs. cluster: process of the Ray cluster that it joins; None: Ray is its own."""

    command: list[str]
    raw: Path
    environment: dict[str, str]
    cluster: int | None = None
    url: str = ""
    store_url: str = ""

    def __post_init__(self) -> None:
        self._start()

    def update(self) -> None:
        """Returns when the second release answers."""
        self.process.send_signal(signal.SIGUSR1)
        assert self.process.stdout
        said = list(takewhile(lambda line: line != UPDATED, iter(self.process.stdout.readline, "")))
        assert self.process.poll() is None, said

    def restart(self) -> int:
        """Starts it again until it is up, as systemd does when it has ended; returns how many starts that took."""
        starts = 0
        while True:
            time.sleep(RESTART_S)
            starts += 1
            try:
                self._start()
            except json.JSONDecodeError:  # it has said why, and ended
                continue
            return starts

    def processes(self, command: str) -> list[psutil.Process]:
        """Its descendants; other servers may run on the machine."""
        return processes(self.cluster or self.process.pid, command)

    def wait_until_ready(self, replicas: int) -> None:
        """Until it says so, with so many replicas."""
        end = time.monotonic() + READY_S
        while not (self._is_ready() and len(self.processes(CHAT)) == replicas and self.processes(MODELS)):
            assert time.monotonic() < end, f"not ready within {READY_S} s"
            time.sleep(0.5)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=20).status_code == 200
        except httpx.TransportError:
            return False

    def _start(self) -> None:
        environment = {**os.environ, **self.environment}
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout
        self.url, self.store_url = json.loads(self.process.stdout.readline())


@contextmanager
def own_server(
    first: Path,
    second: Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    cluster: int | None = None,
    **params: Any,
) -> Iterator[OwnServer]:
    """Runs until the end of the block.

    Args:
        environment: names a Redis that outlives the server, and a Ray cluster; by default both are its own.
        cluster: process of that cluster.
        params: of the section serving.
    """
    arguments = [str(first), str(second), str(folder), json.dumps({"port": free_port(), **params})]
    command = [sys.executable, "-m", "benchmarks.serving.faults.own_server", *arguments]
    server = OwnServer(command, folder / "raw", dict(environment or {}), cluster)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait(60)


def processes(parent: int, command: str) -> list[psutil.Process]:
    """Descendants of a process whose command line has these words."""
    found = []
    for one in psutil.Process(parent).children(recursive=True):
        try:
            found += [one] if command in " ".join(one.cmdline()) else []
        except psutil.Error:
            continue
    return found


def main() -> None:
    from serving.deploy.launch import start  # imports Ray, which the caller's process may have started

    first, second, folder = map(Path, sys.argv[1:4])
    updates: SimpleQueue[None] = SimpleQueue()
    signal.signal(signal.SIGUSR1, lambda *_: updates.put(None))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    params = load_params().serving.model_copy(update=json.loads(sys.argv[4]))
    server = start(first, params, runtime=folder / "runtime", raw=folder / "raw")
    try:
        sys.stdout.write(json.dumps([server.url, server.plan.store_url]) + "\n")
        while True:
            sys.stdout.flush()
            updates.get()
            server.update(second, "second")
            sys.stdout.write(UPDATED)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
