"""Runs a command for as long as its parent lives.

    python -m serving.engines.vllm.guard COMMAND …       (standard input: a pipe whose other end the parent holds)

vLLM outlives a parent that is killed, and holds the GPU's memory. Here a closed pipe ends it, with all its processes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

TERMINATE_S = 20.0  # until it is killed
NOT_STARTED = 127  # as shells say it


def run(command: list[str]) -> int:
    """Returns the command's exit status."""
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error}\n")
        return NOT_STARTED
    threading.Thread(target=_end_with_parent, args=(process,), daemon=True).start()
    status = process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what it has left behind
    return status


def _end_with_parent(process: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(TERMINATE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
