"""Servers that a benchmark starts, and the machine that they run on."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from kefu.paths import ROOT

START_S = 180


@contextmanager
def started(module: str, first: str, *more: str) -> Iterator[str]:
    """A module of this package as a server of its own; its arguments are ``first``, the port, ``more``."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.serving.{module}", first, str(port), *more], cwd=ROOT
    )
    try:
        _wait(f"http://127.0.0.1:{port}/openapi.json", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(url, timeout=5)
        except httpx.HTTPError:
            time.sleep(0.5)
        else:
            return
    raise RuntimeError(f"{url}: the server did not start within {START_S} s: see its messages above")


def machine() -> str:
    """Processor, cores, how fast Python is on one of them now, and load."""
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    name = names[0] if names else platform.machine()
    return f"{name}, {os.cpu_count()} cores, {python_ms():.0f} CPU-ms for a million additions, load {load()}"


def python_ms() -> float:
    """CPU-milliseconds of a fixed loop: "AMD EPYC" is a name of machines of which one is twice as fast as another."""
    before, total = time.process_time(), 0
    for number in range(1_000_000):
        total += number
    return 1000 * (time.process_time() - before)


def load() -> str:
    """The machine's load of the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
