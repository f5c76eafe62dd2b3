"""The inference replica: one assistant with its models, answering chats as streams of events.

Ray Serve restarts it when it dies; sessions survive in Redis. It proves the release again each time it
loads it, so what was exchanged on disk since is not served.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ray import serve
from redis.exceptions import RedisError

from kefu.registry.seal import verify
from kefu.schema import Message
from kefu.shop.part import Lang
from serving.api.backend import Event
from serving.api.schemas import ReleaseInfo
from serving.conversation_log import ConversationLog
from serving.deploy.in_process import InProcessBackend
from serving.dialogue.assistant import Assistant
from serving.params import Serving
from serving.sessions.store import Sessions

logger = logging.getLogger(__name__)
RECOVER_S = 30  # between two looks for log lines that another process, or a full disk, has left


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
        info = ReleaseInfo(version=plan.version, content_hash=manifest.content_hash, profile=manifest.profile)
        sessions = Sessions(plan.store_url, plan.params.session_ttl_s)
        log = ConversationLog(plan.raw, serve.get_replica_context().replica_id.unique_id)
        assistant = Assistant.open(plan.release, plan.runtime, plan.params, sessions=sessions, log=log)
        self._backend = InProcessBackend(assistant, info, plan.params)
        threading.Thread(target=_recover, args=(log, sessions), name="log-recovery", daemon=True).start()

    async def info(self) -> ReleaseInfo | None:
        """What this replica serves."""
        return await self._backend.info()

    async def problem(self) -> str | None:
        """See ``Backend.problem``."""
        return await self._backend.problem()

    async def chat(
        self, session: str, customer: str | None, text: str, lang: Lang | None = None, message: str | None = None
    ) -> AsyncIterator[Event]:
        """See ``Backend.chat``."""
        async for event in self._backend.chat(session, customer, text, lang, message):
            yield event

    async def complete(self, engine: str, messages: Sequence[Message], limit: int | None) -> AsyncIterator[Event]:
        """See ``Backend.complete``."""
        async for event in self._backend.complete(engine, messages, limit):
            yield event


def _recover(log: ConversationLog, sessions: Sessions) -> None:
    """Writes, for ever, what another process or a full disk has left in the outbox."""
    while True:
        try:
            if found := log.recover(sessions):
                logger.warning("%s: the lines of %d answers were written late", log.raw, found)
        except (OSError, RedisError) as error:
            logger.warning("%s: log lines wait in the store: %s", log.raw, error)
        time.sleep(RECOVER_S)
