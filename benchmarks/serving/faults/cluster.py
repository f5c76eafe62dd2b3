"""A Ray cluster of one node that outlives the server: with it and a Redis of its own, the main process is a client."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.serving.servers import free_port
from kefu.paths import ROOT
from serving.deploy.proxy_headers import IMPORT_PATH

HOST, CPUS, OBJECT_STORE_BYTES = "127.0.0.1", 4, 100 * 1024 * 1024
READY_S = 120
# docs/guides/operate.md tells operators the same.
SETTINGS = {
    "RAY_AUTH_MODE": "disabled",  # nobody else is on this machine
    "RAY_SERVE_ENABLE_HA_PROXY": "0",
    "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": IMPORT_PATH,
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
    "RAY_worker_niceness": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}


@contextmanager
def cluster() -> Iterator[tuple[int, dict[str, str]]]:
    """Runs one; yields its process and the environment of a server that joins it."""
    port = free_port()
    start = f"start --head --block --node-ip-address={HOST} --port={port} --num-cpus={CPUS} --include-dashboard=false"
    with tempfile.TemporaryDirectory(prefix="kefu-ray-") as folder:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("ray"), *start.split(), f"--object-store-memory={OBJECT_STORE_BYTES}",
             f"--temp-dir={folder}"],
            cwd=ROOT, env={**os.environ, **SETTINGS}, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait(port)
            yield process.pid, {**SETTINGS, "RAY_ADDRESS": f"{HOST}:{port}"}
        finally:
            for one in [*psutil.Process(process.pid).children(recursive=True), process]:
                one.kill()  # asked to end, it waits half a minute for its workers
            process.wait()


def _wait(port: int) -> None:
    """Until the cluster takes connections."""
    end = time.monotonic() + READY_S
    while True:
        try:
            return socket.create_connection((HOST, port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < end, f"no Ray within {READY_S} s"
            time.sleep(0.2)
