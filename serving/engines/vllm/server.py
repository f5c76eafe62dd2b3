"""Where a model is served: by a `vllm serve` that Kefu starts and watches, or by a server that somebody else runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Protocol

import httpx

from kefu.llm.engine import EngineError
from kefu.paths import ROOT
from serving.engines.supervision import SupervisedProcess
from serving.engines.vllm.guard import TERMINATE_S
from serving.engines.vllm.settings import ENVIRONMENT

GUARD = "serving.engines.vllm.guard"
ASK_S = 0.5  # between two looks whether it is ready


class Server(Protocol):
    """An address that may change when the server is started anew."""

    restarts: int

    def url(self, deadline: float) -> str:
        """Where the model answers now.

        Raises:
            DeadlineExceeded: nowhere until ``deadline`` (``time.monotonic``).
            EngineError: the server was closed.
        """
        ...

    def close(self) -> None:
        """Ends what was started."""
        ...


class GivenServer:
    """A server that somebody else runs."""

    restarts = 0

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def url(self, deadline: float) -> str:
        """See ``Server.url``."""
        return self._url

    def close(self) -> None:
        """Nothing: it is not ours."""


class OwnServer(SupervisedProcess):
    """A `vllm serve` of this machine.

    Args:
        name: of the engine, for messages.
        command: that serves the model, for a port.
        start_timeout_s: until the model must be loaded.

    Raises:
        EngineError: the first process did not load the model.
    """

    _process: subprocess.Popen[bytes]

    def __init__(self, name: str, command: Callable[[str], Sequence[str]], start_timeout_s: float) -> None:
        super().__init__(name)
        self._command, self._start_timeout_s = command, start_timeout_s
        self._url = ""
        self._open()

    @property
    def pid(self) -> int:
        """See ``SupervisedProcess.pid``; its child is vLLM."""
        return self._process.pid

    def url(self, deadline: float) -> str:
        """See ``Server.url``."""
        self.wait_ready(deadline)
        return self._url

    def _start(self) -> None:
        port = _free_port()
        command = self._command(str(port))
        self._process = subprocess.Popen(
            [sys.executable, "-m", GUARD, *command],
            cwd=ROOT,
            env=os.environ | ENVIRONMENT,
            stdin=subprocess.PIPE,
            process_group=0,  # Ctrl-C is the parent's, who ends its child
        )
        self._url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + self._start_timeout_s
        while time.monotonic() < end and not self._is_closed and self._process.poll() is None:
            if _is_healthy(self._url):
                return
            time.sleep(ASK_S)
        self._kill()
        raise EngineError(
            f"{self._name}: `{' '.join(command[:3])} …` did not serve the model (exit status {self._process.poll()}): "
            "its messages stand above; is vLLM installed (serving.vllm.program), and the GPU's memory enough?"
        )

    def _watch(self) -> None:
        self._process.wait()

    def _kill(self) -> None:
        """Lets vLLM end; its guard kills what does not."""
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(TERMINATE_S + 5)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _clean_up(self) -> None:
        self._ready.clear()  # its chats have lost their connections


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
