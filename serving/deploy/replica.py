"""The inference replica: one assistant with its models, answering chats as streams of events.

Ray Serve restarts it when it dies; sessions survive in Redis. It proves the release again each time it
loads it, so what was exchanged on disk since is not served.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from ray import serve

from kefu.llm.engine import EngineError
from kefu.privacy.redact import Redactor, restore
from kefu.registry.seal import verify
from kefu.schema import Message
from kefu.shop.part import Lang
from serving.api.backend import Event
from serving.api.schemas import ReleaseInfo
from serving.conversation_log import ConversationLog
from serving.dialogue.assistant import Assistant, BadMessage
from serving.dialogue.output_guard import OutputGuard
from serving.dialogue.reply import Reply
from serving.params import Serving
from serving.sessions.store import NotYourSession, SessionBusy, Sessions

T = TypeVar("T")


class _End:
    pass


END: Final = _End()


async def in_thread(pool: Executor, make: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
    """What ``make()`` yields, iterated in a thread of the pool; its errors are raised here.

    The iterator always runs to its end, even when nobody listens any more: a turn whose customer has
    closed the page is still remembered and logged.
    """
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[T | _End]()

    def work() -> None:
        try:
            for item in make():
                loop.call_soon_threadsafe(queue.put_nowait, item)
        finally:
            loop.call_soon_threadsafe(queue.put_nowait, END)

    done = loop.run_in_executor(pool, work)
    while not isinstance(item := await queue.get(), _End):
        yield item
    await done


logger = logging.getLogger(__name__)
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    BadMessage: (400, "bad_message"),
    EngineError: (502, "model_failed"),
    NotYourSession: (403, "not_your_session"),
    SessionBusy: (409, "session_busy"),
}


@dataclass(frozen=True)
class Plan:
    """What is to be served, and from where. ``version`` is the registry's, or 'local'."""

    release: Path
    version: str
    content_hash: str
    runtime: Path
    raw: Path
    params: Serving
    store_url: str


class Chat:
    """See the module's description. Methods are Ray Serve's: async generators of events."""

    def __init__(self, plan: Plan) -> None:
        manifest = verify(plan.release, plan.content_hash)
        self._info = ReleaseInfo(version=plan.version, content_hash=manifest.content_hash, profile=manifest.profile)
        self._params = plan.params
        self._pool = ThreadPoolExecutor(plan.params.num_threads, thread_name_prefix="chat")
        sessions = Sessions(plan.store_url, plan.params.session_ttl_s)
        log = ConversationLog(plan.raw, serve.get_replica_context().replica_id.unique_id)
        self._assistant = Assistant.open(plan.release, plan.runtime, plan.params, sessions=sessions, log=log)

    async def info(self) -> ReleaseInfo:
        """What this replica serves."""
        return self._info

    async def chat(
        self, session: str, customer: str | None, text: str, lang: Lang | None = None
    ) -> AsyncIterator[Event]:
        """See ``Backend.chat``."""
        async for event in in_thread(self._pool, lambda: self._chat(session, customer, text, lang)):
            yield event

    async def complete(self, engine: str, messages: Sequence[Message], limit: int | None) -> AsyncIterator[Event]:
        """See ``Backend.complete``."""
        async for event in in_thread(self._pool, lambda: self._complete(engine, messages, limit)):
            yield event

    def _chat(self, session: str, customer: str | None, text: str, lang: Lang | None) -> Iterator[Event]:
        try:
            for piece in self._assistant.stream(session, customer, text, lang):
                done = isinstance(piece, Reply)
                yield Event(type="done", reply=piece) if done else Event(type="delta", text=piece)  # type: ignore[arg-type]
        except tuple(REFUSALS) as error:
            yield _refused(error)

    def _complete(self, name: str, messages: Sequence[Message], limit: int | None) -> Iterator[Event]:
        """Personal data is taken out before the model sees it and put back into what it says."""
        vault: dict[str, str] = {}
        redactor = Redactor(self._assistant.pack.shop.pii)
        clean = [Message(role=m.role, content=redactor.redact(m.content, vault)) for m in messages]
        guard, most = OutputGuard(self._assistant.pack, vault, "zh"), self._params.max_new_tokens
        try:
            pieces = self._assistant.engines[name].stream(clean, min(limit or most, most))
            said = False
            for piece in guard.stream(pieces):
                said = True
                yield Event(type="delta", text=restore(piece, vault))
            if not said:
                yield Event(type="delta", text=self._assistant.pack.shop.fallback.zh)
            yield Event(type="done")
        except EngineError as error:
            yield _refused(error)


def _refused(error: Exception) -> Event:
    status, code = next(known for kind, known in REFUSALS.items() if isinstance(error, kind))
    logger.warning("%s: %s", code, error)
    return Event(type="error", text=str(error), status=status, code=code)
