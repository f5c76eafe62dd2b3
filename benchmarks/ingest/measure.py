"""Runs a command and measures it from outside: time on the wall and on the cores, peak memory of its process tree."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_EVERY = 0.2  # seconds between two looks


@dataclass(frozen=True)
class Measurement:
    """Seconds on the wall; ``cpu`` seconds of all processes; ``peak`` bytes, shared pages once; what was printed."""

    seconds: float
    cpu: float
    peak: int
    output: str


class CommandFailed(RuntimeError):
    """The measured command ended with an error."""


def _memory(root: psutil.Process) -> int:
    total = 0
    for process in (root, *root.children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue  # ended between the two calls
    return total


def measure(command: Sequence[str], cwd: Path, log: Path) -> Measurement:
    """Runs ``command`` to its end. Raises Failed with the end of its log."""
    started, before, peak = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN), 0
    with (
        log.open("w") as errors,
        subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        root = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                peak = max(peak, _memory(root))
            except psutil.Error:
                break
            time.sleep(_EVERY)
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise CommandFailed(f"{' '.join(command)}\n{log.read_text()[-2000:]}")
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measurement(seconds, cpu, peak, output)
