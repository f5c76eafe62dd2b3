"""A process that holds a model, started anew whenever it ends: what the OpenVINO and the vLLM engine share.

Chats that come while a new process loads wait for it. A process that cannot start is tried again after longer and
longer pauses; until then every chat waits until its deadline.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from abc import ABC, abstractmethod

from kefu.llm.engine import EngineError
from serving.engines.chat_engine import late

logger = logging.getLogger(__name__)
PAUSES_S = (0.0, 1.0, 5.0, 30.0)  # before the first, second … start that follows a failed one
JOIN_S = 10.0


class SupervisedProcess(ABC):
    """See the module's description. A class that derives from it calls ``_open`` when it is made.

    restarts: how often the process was started anew.

    Args:
        name: of the engine, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._ready = threading.Event()
        self._is_closed = False
        self.restarts = 0
        self._supervisor = threading.Thread(target=self._supervise, name=f"engine-{name}", daemon=True)

    @property
    @abstractmethod
    def pid(self) -> int:
        """Of the process that runs, or ran last."""

    def close(self) -> None:
        """Ends the process; chats in flight get an EngineError."""
        self._is_closed = True
        self._kill()
        self._supervisor.join(JOIN_S)

    def wait_ready(self, deadline: float) -> None:
        """Returns when the model is loaded.

        Raises:
            DeadlineExceeded: it is not at ``deadline`` (``time.monotonic``).
            EngineError: the engine was closed.
        """
        if not self._ready.wait(max(0.0, deadline - time.monotonic())):
            raise late(self._name)
        if self._is_closed:
            raise EngineError(f"{self._name}: was closed: open the release again")

    def _open(self) -> None:
        """Starts the first process. Raises EngineError when it does not load the model."""
        self._start()
        self._ready.set()
        self._supervisor.start()

    @abstractmethod
    def _start(self) -> None:
        """Returns when a new process has loaded the model. Raises EngineError when it does not."""

    @abstractmethod
    def _watch(self) -> None:
        """Returns when the process has ended, or has to be ended."""

    @abstractmethod
    def _kill(self) -> None:
        """Ends the process at once, if it runs."""

    @abstractmethod
    def _clean_up(self) -> None:
        """Takes ``_ready`` back and tells the chats of a process that has ended."""

    def _supervise(self) -> None:
        while not self._is_closed:
            self._watch()
            self._kill()
            self._clean_up()
            if not self._is_closed:
                logger.error("%s: the engine's process %d ended; a new one is started", self._name, self.pid)
                self._restart()
        self._kill()
        self._ready.set()  # who waits learns that it was closed

    def _restart(self) -> None:
        for failed in itertools.count():
            time.sleep(PAUSES_S[min(failed, len(PAUSES_S) - 1)])
            if self._is_closed:
                return
            self.restarts += 1
            try:
                self._start()
            except EngineError as error:
                logger.error("%s", error)
            else:
                self._ready.set()
                return
