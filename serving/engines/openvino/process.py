"""OpenVINO's child process, supervised: many threads ask, one process answers, a new one comes when it dies.

Chats of a process that dies, or is stuck, get an EngineError at once. On a busy machine a step may take minutes, so
what still works is not stuck.
"""

from __future__ import annotations

import itertools
import logging
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import psutil

from kefu.llm.engine import EngineError
from kefu.paths import ROOT
from serving.engines.chat_engine import late
from serving.engines.openvino.messages import Begin, Cancel, Progress, Ready, Report, Setup
from serving.engines.supervision import SupervisedProcess

logger = logging.getLogger(__name__)
START_S = 120.0  # a large model's weights are packed anew for the processor
STALLED_S = 60.0  # without a step and without work, with chats in flight
STUCK_S = 600.0  # of one step, whatever it works
WORKS_CPU_S = 0.5  # in STALLED_S; less is waiting for itself
CHILD = "serving.engines.openvino.child"


class EngineProcess(SupervisedProcess):
    """See the module's description.

    last_report: when the process last made a step (``time.monotonic``). cache_usage: share of its key-value cache in
    use.

    Args:
        name: of the engine, for messages.

    Raises:
        EngineError: the first process did not load the model.
    """

    _process: subprocess.Popen[bytes]
    _connection: Connection

    def __init__(self, name: str, setup: Setup) -> None:
        super().__init__(name)
        self._setup = setup
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._chats: dict[int, queue.SimpleQueue[Progress]] = {}
        self.last_report = self._looked = time.monotonic()
        self._cpu_s = self.cache_usage = 0.0
        self._open()

    @property
    def pid(self) -> int:
        """See ``SupervisedProcess.pid``."""
        return self._process.pid

    def answer(
        self, ids: list[int], limit: int, stop_ids: frozenset[int], deadline: float, grammar: str | None = None
    ) -> Generator[Progress]:
        """What each step adds to a chat; closing it before the end cancels the chat.

        Args:
            grammar: in xgrammar's EBNF.

        Raises:
            DeadlineExceeded: at ``deadline`` (``time.monotonic``) it was not finished.
            EngineError: the process died, or refused the chat.
        """
        chat, inbox = next(self._numbers), queue.SimpleQueue[Progress]()
        self._begin(Begin(chat, ids, limit, stop_ids, grammar), inbox, deadline)
        try:
            while True:
                try:
                    progress = inbox.get(timeout=max(0.0, deadline - time.monotonic()))
                except queue.Empty:
                    raise late(self._name) from None
                if progress.error:
                    raise EngineError(f"{self._name}: {progress.error}")
                yield progress
                if progress.is_done:
                    return
        finally:
            self._forget(chat)

    def close(self) -> None:
        """See ``SupervisedProcess.close``."""
        super().close()
        self._process.wait(10)

    def _begin(self, request: Begin, inbox: queue.SimpleQueue[Progress], deadline: float) -> None:
        while True:
            self.wait_ready(deadline)
            with self._lock:
                if not self._ready.is_set():
                    continue  # it died between the two lines
                if not self._chats:
                    self.last_report = time.monotonic()
                self._chats[request.chat] = inbox
                try:
                    self._connection.send(request)
                except OSError as error:
                    del self._chats[request.chat]
                    raise EngineError(f"{self._name}: its process has died: send the request again") from error
                return

    def _forget(self, chat: int) -> None:
        """Cancels a chat that still runs."""
        with self._lock:
            if self._chats.pop(chat, None) is not None:
                try:
                    self._connection.send(Cancel(chat))
                except OSError:
                    logger.debug("%s: died before chat %d was cancelled", self._name, chat)

    def _start(self) -> None:
        ours, theirs = Pipe()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", CHILD, str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C is the parent's, who ends its child
            )
        try:
            ours.send(self._setup)
            if ours.poll(START_S) and isinstance(ours.recv(), Ready):
                self._process, self._connection = process, ours
                return
        except (EOFError, OSError):
            logger.debug("%s: its process ended while it loaded", self._name)
        ours.close()
        process.kill()
        raise EngineError(
            f"{self._name}: the engine's process did not load {self._setup.folder} (exit status {process.wait(10)}): "
            "its messages stand above; is the memory enough, and the release whole?"
        )

    def _watch(self) -> None:
        """Hands out reports until the process ends, or is stuck."""
        try:
            while True:
                if not self._connection.poll(1.0):
                    if self._chats and self._is_stuck():
                        waited = time.monotonic() - self.last_report
                        logger.error("%s: no step for %d s: its process is ended", self._name, waited)
                        return
                    continue
                report: Report = self._connection.recv()
                self.last_report, self.cache_usage = time.monotonic(), report.cache_usage
                for progress in report.progress:
                    self._give(progress)
        except (EOFError, OSError):
            return

    def _is_stuck(self) -> bool:
        now = time.monotonic()
        if now - max(self.last_report, self._looked) < STALLED_S:
            return False
        before, self._looked = self._cpu_s, now
        self._cpu_s = sum(psutil.Process(self.pid).cpu_times()[:2])
        return abs(self._cpu_s - before) < WORKS_CPU_S or now - self.last_report > STUCK_S

    def _give(self, progress: Progress) -> None:
        with self._lock:
            inbox = self._chats.pop(progress.chat, None) if progress.is_done else self._chats.get(progress.chat)
        if inbox:
            inbox.put(progress)

    def _kill(self) -> None:
        self._process.kill()

    def _clean_up(self) -> None:
        why = f"its process ended (exit status {self._process.wait(10)}): send the request again"
        with self._lock:
            self._ready.clear()
            self._connection.close()
            ended, self._chats = self._chats, {}
        for chat, inbox in ended.items():
            inbox.put(Progress(chat, [], [], True, why))
