"""What the web layer needs of whatever answers: Ray Serve behind it, or anything that speaks these events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

from pydantic import BaseModel

from kefu.llm.engine import Usage
from kefu.schema import Message
from kefu.shop.part import Lang
from serving.api.errors import ApiError
from serving.api.openai.schemas import Finish
from serving.api.schemas import ReleaseInfo
from serving.dialogue.reply import Reply


class Event(BaseModel):
    """One step of an answer. Errors travel as events, since they cross processes.

    finish, usage: of the last event of a bare model's continuation; 'content_filter': a check of the words ended it.
    """

    type: Literal["delta", "done", "error"]
    text: str = ""
    reply: Reply | None = None
    finish: Finish = "stop"
    usage: Usage | None = None
    status: int = 500
    code: str = ""


class Backend(Protocol):
    """Answers chats."""

    def chat(
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
        """Deltas, then done with the reply; or an error. Arguments as in ``Assistant.stream``.

        Args:
            pieces: whether the deltas are wanted; without, the events come together.
        """
        ...

    def complete(
        self, engine: str, messages: Sequence[Message], max_new_tokens: int | None, stops: Sequence[str] = ()
    ) -> AsyncIterator[Event]:
        """A model's bare continuation, which ends before the first of ``stops``: deltas, then done; or an error."""
        ...

    async def info(self) -> ReleaseInfo | None:
        """What is served; None while it is not ready."""
        ...

    async def problem(self) -> str | None:
        """Why no answer can be given now, as ``what: is wrong``; None when one can."""
        ...


async def raise_errors(events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    """The same events; an error event is raised as ApiError."""
    async for event in events:
        if event.type == "error":
            raise ApiError(event.status, event.code, event.text)
        yield event
