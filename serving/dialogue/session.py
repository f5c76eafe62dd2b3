"""A session: what is said and known between a customer and Kefu, and how it is handed to a person."""

from __future__ import annotations

from pydantic import BaseModel

from kefu.pack import Lang
from kefu.schema import Turn
from serving.dialogue.flow import FlowState

KEPT_TURNS = 40


class Session(BaseModel):
    """Kept in Redis for ``session_ttl_s``. Only ``vault`` and a flow's tool results hold personal data."""

    id: str
    customer: str | None = None
    lang: Lang = "zh"
    turns: list[Turn] = []
    vault: dict[str, str] = {}
    flow: FlowState | None = None

    def remember(self, *turns: Turn) -> None:
        """Appends redacted turns; the oldest are forgotten."""
        self.turns = [*self.turns, *turns][-KEPT_TURNS:]


class Handoff(BaseModel):
    """Everything a person needs to go on, without personal data."""

    session: str
    customer: str
    time: str
    lang: Lang
    intent: str
    flow: str | None
    slots: dict[str, str]
    turns: list[Turn]
