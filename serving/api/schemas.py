"""Requests and answers of the HTTP interface."""

from __future__ import annotations

import secrets
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kefu.schema import Role
from kefu.shop.part import Lang, Text
from serving.dialogue.reply import Reply
from serving.sessions.session import Status


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


MESSAGE_ID = r"^[A-Za-z0-9._:-]{1,64}$"


def new_message_id() -> str:
    """An id for a message whose client gave it none; the client may send it again with this one."""
    return f"msg-{secrets.token_hex(8)}"


TURN_ID = r"^[0-9]{1,18}-[0-9]{1,18}$"


class ChatRequest(Body):
    """A customer's message; the session is told by the bearer token.

    A client that has no answer sends the same again, with the same ``id``: what was done is not done twice.
    """

    id: str | None = Field(None, pattern=MESSAGE_ID, description="the client's own, one for each message of a session")
    message: str = Field(json_schema_extra={"minLength": 1, "pattern": r"[^\s\x1c-\x1f\x85]"})
    lang: Lang | None = Field(None, description="language of this answer and further ones; null: the words decide")
    stream: bool = Field(False, description="answer as server-sent events: meta, delta…, done")


class SessionRequest(Body):
    """``continue``: token of the stranger's session that goes on as the customer's."""

    continued: str | None = Field(None, alias="continue")


class ChatResponse(Body):
    id: str
    session: str
    reply: Reply


class HistoryTurn(Body):
    """A turn of the conversation. ``agent``: name of the person who said it."""

    id: str
    role: Role
    text: str
    time: str | None
    agent: str | None


class HistoryResponse(Body):
    """``status``: who has the conversation now; ``messages``: oldest first."""

    status: Status
    messages: list[HistoryTurn]


class LoginRequest(Body):
    customer_id: str


class LoginResponse(Body):
    customer_token: str


class RatingRequest(Body):
    """A customer's stars for the conversation; the last ones count."""

    csat: Literal[1, 2, 3, 4, 5] = Field(description="1 is bad, 5 is good")


class SessionResponse(Body):
    """``token`` is the bearer token of all further calls; ``expires_in`` is in seconds.

    ``greeting`` says that an AI answers: a channel shows it before the first message.
    """

    token: str
    session: str
    expires_in: int
    signed_in: bool
    greeting: Text


class ReleaseInfo(BaseModel):
    """What is being served."""

    version: str
    content_hash: str
    profile: str


class ShopInfo(Body):
    """What the chat page shows before anybody has said anything."""

    name: Text
    greeting: Text
    sample: bool
    demo_customers: list[str]
    questions: list[Text]
    max_message_chars: int
    release: ReleaseInfo
