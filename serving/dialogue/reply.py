"""What one turn gives back: the answer, and how it came about."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from kefu.schema import Outcome
from serving.sessions.session import Script

Route = Literal["flow", "faq", "query", "model", "chitchat", "human", "fallback"]


class Reply(BaseModel):
    """An answer to a customer.

    text: with the customer's own data restored: for this customer's eyes only, never for a log.
    asks: slot the customer is asked for, or 'confirm'; sources: ids of the knowledge it rests on.
    script: of the customer's Chinese, and so of the text's.
    turn: id of the last turn in the conversation's history. text is empty while a person has the conversation.
    acts: what the message was read as; options: what the customer may reply with, as quick replies.
    stopped: the customer wanted no more of a model's words; text is what was said by then, and may be empty.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    lang: str
    script: Script = "simplified"
    intent: str
    confidence: float
    route: Route
    engine: str | None = None
    flow: str | None = None
    asks: str | None = None
    slots: dict[str, str] = {}
    sources: list[str] = []
    acts: list[str] = []
    options: list[str] = []
    outcome: Outcome | None = None
    stopped: bool = False
    latency_ms: float
    first_token_ms: float
    turn: str = ""
