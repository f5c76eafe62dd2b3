"""Answers in this process: ``serving.api.backend.Backend`` over one assistant.

Messages are computed in the order of their arrival, so many at a time as ``serving.num_threads`` says. Who waits, for
a turn or for an earlier message of the session, waits in the event loop and takes no thread: threads that wait their
turn make Python switch between them, and let a late message go before an early one. A message that was taken is
answered, remembered and logged, whether its customer is still there or not: a lost connection looks like one that was
closed. Only a message's own stop ends what a model writes for it. A bare model is not asked on for a client that left.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

from redis.exceptions import RedisError

from kefu.llm.engine import CountingEngine, EngineBusy, EngineError
from kefu.schema import Message
from kefu.shop.part import Lang
from serving.api.backend import Event
from serving.api.schemas import ReleaseInfo
from serving.deploy.completion import Completion
from serving.deploy.slots import Slots
from serving.dialogue.assistant import Assistant
from serving.dialogue.messages import BadMessage, ReusedId
from serving.dialogue.reply import Reply
from serving.engines.load import MODELS
from serving.engines.stopping import Stopped
from serving.engines.threads import in_thread
from serving.params import Serving
from serving.sessions.revocations import TokenRevoked
from serving.sessions.store import NotYourSession, SessionBusy

T = TypeVar("T")
logger = logging.getLogger(__name__)
NOTHING: Final = nullcontext()
BUSY = "Too many customers write at this moment: try again in a moment"
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    BadMessage: (400, "bad_message"),
    EngineBusy: (503, "overloaded"),
    EngineError: (502, "model_failed"),
    NotYourSession: (403, "not_your_session"),
    ReusedId: (422, "message_id_reused"),
    SessionBusy: (409, "session_busy"),
    TokenRevoked: (401, "token_revoked"),
}


class InProcessBackend:
    """See the module's description.

    Args:
        release: what ``assistant`` was opened on.
        slots: one for each message that may compute at once, by default ``params.num_threads``; who waits for another
            process, an engine or a replica that holds the session, lends his own.
        models_problem: why the models of another process cannot be asked now; None: they are in this one.
    """

    def __init__(
        self,
        assistant: Assistant,
        release: ReleaseInfo,
        params: Serving,
        slots: Slots | None = None,
        models_problem: Callable[[], Awaitable[str | None]] | None = None,
    ) -> None:
        self._assistant, self._release, self._params = assistant, release, params
        self._slots, self._models_problem = slots or Slots(params.num_threads), models_problem
        self._pool = ThreadPoolExecutor(params.max_ongoing_requests, thread_name_prefix="chat")
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._ongoing = set[asyncio.Task[Any]]()  # at work, or waiting

    @property
    def busy(self) -> int:
        """Messages that compute, or wait for their turn in this process."""
        return len(self._ongoing) - self._slots.lent

    async def info(self) -> ReleaseInfo | None:
        """See ``Backend.info``."""
        return self._release

    async def problem(self) -> str | None:
        """See ``Backend.problem``."""
        own = await asyncio.to_thread(self._problem)
        return own or (await self._models_problem() if self._models_problem else None)

    async def chat(
        self,
        session: str,
        customer: str | None,
        text: str,
        lang: Lang | None = None,
        message: str | None = None,
        pieces: bool = True,
        issued: float | None = None,
        channel: str | None = None,
    ) -> AsyncIterator[Event]:
        """See ``Backend.chat``."""
        queue, stop = self._queues.setdefault(session, asyncio.Lock()), threading.Event()
        sleep = partial(self._sleep, asyncio.get_running_loop())
        answer = partial(self._chat, session, customer, text, lang, message, issued, stop, channel, sleep)
        feed = self._assistant.sessions.feed
        stoppable = nullcontext() if message is None else feed.stoppable(session, message, stop)
        async for event in self._events(queue, answer, pieces, stoppable):
            yield event

    async def complete(
        self, engine: str, messages: Sequence[Message], max_new_tokens: int | None, stops: Sequence[str] = ()
    ) -> AsyncIterator[Event]:
        """See ``Backend.complete``."""
        nobody, left = asyncio.Lock(), threading.Event()
        answer = partial(self._complete, engine, messages, max_new_tokens, stops, left)
        try:
            async for event in self._events(nobody, answer):
                yield event
        finally:
            left.set()

    async def _events(
        self,
        queue: asyncio.Lock,
        make: Callable[[], Iterator[Event]],
        pieces: bool = True,
        around: AbstractContextManager[None] = NOTHING,
    ) -> AsyncIterator[Event]:
        """What ``make()`` yields, once ``queue`` and a slot are free; one by one, or the loop wakes for all of it.

        Args:
            around: entered from the arrival to the end of the work, whoever listens.
        """
        if len(self._ongoing) >= self._params.max_ongoing_requests:
            yield Event(type="error", text=BUSY, status=503, code="overloaded")
        elif pieces:
            async for event in in_thread(lambda work: self._begin(self._in_turn(queue, work, around)), make):
                yield event
        else:
            for event in await asyncio.shield(self._begin(self._in_turn(queue, lambda: list(make()), around))):
                yield event

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of its own: who listens may leave, the message is ongoing until it is answered."""
        task = asyncio.create_task(work)
        self._ongoing.add(task)
        task.add_done_callback(self._ongoing.discard)
        return task

    async def _in_turn(self, queue: asyncio.Lock, work: Callable[[], T], around: AbstractContextManager[None]) -> T:
        with around:
            async with queue, self._slots:  # both are fair
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _sleep(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """For a thread that holds a slot, and lends it meanwhile."""
        asyncio.run_coroutine_threadsafe(self._slots.lend(asyncio.sleep(seconds)), loop).result()

    def _problem(self) -> str | None:
        try:
            self._assistant.sessions.ping()
        except RedisError as error:
            return f"store: does not answer the replica: {error}"
        if not self._assistant.tools.db.exists():
            return f"shop: {self._assistant.tools.db} is missing: restart the server, which builds the demo shop"
        missing = [name for name in MODELS if name not in self._assistant.engines]
        return f"models: {', '.join(missing)} not loaded" if missing else None

    def _chat(
        self,
        session: str,
        customer: str | None,
        text: str,
        lang: Lang | None,
        message: str | None,
        issued: float | None,
        stop: threading.Event,
        channel: str | None,
        sleep: Callable[[float], None],
    ) -> Iterator[Event]:
        try:
            pieces = self._assistant.stream(session, customer, text, lang, message, issued, stop, channel, sleep)
            for piece in pieces:
                done = isinstance(piece, Reply)
                yield Event(type="done", reply=piece) if done else Event(type="delta", text=piece)  # type: ignore[arg-type]
        except tuple(REFUSALS) as error:
            yield _refused(error)

    def _complete(
        self, name: str, messages: Sequence[Message], limit: int | None, stops: Sequence[str], left: threading.Event
    ) -> Iterator[Event]:
        engine, most = self._assistant.engines[name], self._params.max_new_tokens
        assert isinstance(engine, CountingEngine)
        completion = Completion(self._assistant.pack, engine, messages, min(limit or most, most), stops, left)
        try:
            for text in completion.texts():
                yield Event(type="delta", text=text)
            yield Event(type="done", finish=completion.finish, usage=completion.usage)
        except Stopped:
            return  # nobody listens
        except EngineError as error:
            yield _refused(error)


def _refused(error: Exception) -> Event:
    status, code = next(known for kind, known in REFUSALS.items() if isinstance(error, kind))
    logger.warning("%s: %s", code, error)
    return Event(type="error", text=str(error), status=status, code=code)
