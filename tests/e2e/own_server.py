"""A server in a process of its own: Ray runs once a process, and the shared server's parameters are for other tests.

    python -m tests.e2e.own_server FIRST_RELEASE SECOND_RELEASE FOLDER PARAMETERS_AS_JSON

It prints its address and its store's as JSON. SIGUSR1 deploys the second release; then it prints another line.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from kefu.paths import ROOT
from pipelines.params import load_params
from tests.e2e.conftest import free_port

UPDATED = "updated\n"


@dataclass
class OwnServer:
    """One that runs."""

    url: str
    store_url: str
    raw: Path
    process: subprocess.Popen[str]

    def update(self) -> None:
        """Returns when the second release answers."""
        self.process.send_signal(signal.SIGUSR1)
        assert self.process.stdout
        said = list(takewhile(lambda line: line != UPDATED, iter(self.process.stdout.readline, "")))
        assert self.process.poll() is None, said


@contextmanager
def own_server(first: Path, second: Path, folder: Path, **params: Any) -> Iterator[OwnServer]:
    """Runs until the end of the block."""
    arguments = [str(first), str(second), str(folder), json.dumps({"port": free_port(), **params})]
    command = [sys.executable, "-m", "tests.e2e.own_server", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        url, store_url = json.loads(process.stdout.readline())
        yield OwnServer(url, store_url, folder / "raw", process)
    finally:
        process.terminate()
        process.wait(60)


def main() -> None:
    from serving.deploy.launch import start  # imports Ray, which the tests' process may have started

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
