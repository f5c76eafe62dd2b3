"""A supervised child process with a model: many threads ask, one process answers, a new one comes when it dies.

Chats of a process that dies, or makes no step for ``STALLED_S``, get an EngineError at once; a new process is started
at once, and chats that come meanwhile wait for it. A process that cannot start is tried again after longer and longer
pauses; until then every chat is refused.
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

from kefu.llm.engine import EngineError
from kefu.paths import ROOT
from serving.engines.chat_engine import late
from serving.engines.openvino.messages import Begin, Cancel, Progress, Ready, Report, Setup

logger = logging.getLogger(__name__)
START_S = 120.0  # a large model's weights are packed anew for the processor
STALLED_S = 60.0  # of one step, with chats in flight
PAUSES_S = (0.0, 1.0, 5.0, 30.0)  # before the first, second … start that follows a failed one
CHILD = "serving.engines.openvino.child"


class EngineProcess:
    """See the module's description.

    last_report: when the process last made a step (``time.monotonic``). restarts: how often it was started anew.
    cache_usage: share of its key-value cache in use.

    Args:
        name: of the engine, for messages.

    Raises:
        EngineError: the first process did not load the model.
    """

    def __init__(self, name: str, setup: Setup) -> None:
        self._name, self._setup = name, setup
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._chats: dict[int, queue.SimpleQueue[Progress]] = {}
        self._ready = threading.Event()
        self._is_closed = False
        self.last_report = time.monotonic()
        self.restarts, self.cache_usage = 0, 0.0
        self._process, self._connection = self._start()
        self._ready.set()
        self._supervisor = threading.Thread(target=self._supervise, name=f"engine-{name}", daemon=True)
        self._supervisor.start()

    @property
    def pid(self) -> int:
        """Of the process that runs, or ran last."""
        return self._process.pid

    def answer(self, ids: list[int], limit: int, stop_ids: frozenset[int], deadline: float) -> Generator[Progress]:
        """What each step adds to a chat; closing it before the end cancels the chat.

        Raises:
            DeadlineExceeded: at ``deadline`` (``time.monotonic``) it was not finished.
            EngineError: the process died, or refused the chat.
        """
        chat, inbox = next(self._numbers), queue.SimpleQueue[Progress]()
        self._begin(Begin(chat, ids, limit, stop_ids), inbox, deadline)
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
        """Ends the process; chats in flight get an EngineError."""
        self._is_closed = True
        self._process.kill()
        self._supervisor.join(10)
        self._process.wait(10)

    def _begin(self, request: Begin, inbox: queue.SimpleQueue[Progress], deadline: float) -> None:
        while True:
            if not self._ready.wait(max(0.0, deadline - time.monotonic())):
                raise late(self._name)
            if self._is_closed:
                raise EngineError(f"{self._name}: was closed: open the release again")
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

    def _start(self) -> tuple[subprocess.Popen[bytes], Connection]:
        """A process that has loaded the model, and the connection to it."""
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
                return process, ours
        except (EOFError, OSError):
            logger.debug("%s: its process ended while it loaded", self._name)
        ours.close()
        process.kill()
        raise EngineError(
            f"{self._name}: the engine's process did not load {self._setup.folder} (exit status {process.wait(10)}): "
            "its messages stand above; is the memory enough, and the release whole?"
        )

    def _supervise(self) -> None:
        """Hands out reports, and starts a process anew whenever the last one has ended."""
        while not self._is_closed:
            self._read()
            self._process.kill()
            self._end_chats(f"its process ended (exit status {self._process.wait(10)}): send the request again")
            if not self._is_closed:
                logger.error("%s: the engine's process %d ended; a new one is started", self._name, self.pid)
                self._restart()
        self._process.kill()
        self._ready.set()  # who waits learns that it was closed

    def _restart(self) -> None:
        for failed in itertools.count():
            time.sleep(PAUSES_S[min(failed, len(PAUSES_S) - 1)])
            if self._is_closed:
                return
            self.restarts += 1
            try:
                self._process, self._connection = self._start()
            except EngineError as error:
                logger.error("%s", error)
            else:
                self._ready.set()
                return

    def _read(self) -> None:
        """Hands out reports until the process ends, or is stuck."""
        try:
            while True:
                if not self._connection.poll(1.0):
                    if self._chats and time.monotonic() - self.last_report > STALLED_S:
                        logger.error("%s: no step for %d s: its process is ended", self._name, STALLED_S)
                        return
                    continue
                report: Report = self._connection.recv()
                self.last_report, self.cache_usage = time.monotonic(), report.cache_usage
                for progress in report.progress:
                    self._give(progress)
        except (EOFError, OSError):
            return

    def _give(self, progress: Progress) -> None:
        with self._lock:
            inbox = self._chats.pop(progress.chat, None) if progress.is_done else self._chats.get(progress.chat)
        if inbox:
            inbox.put(progress)

    def _end_chats(self, why: str) -> None:
        with self._lock:
            self._ready.clear()
            self._connection.close()
            ended, self._chats = self._chats, {}
        for chat, inbox in ended.items():
            inbox.put(Progress(chat, [], [], True, why))
