"""A session: what is said and known between a customer and Kefu, and how it is handed to a person."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from kefu.schema import Turn
from kefu.shop.part import Lang

KEPT_TURNS = 40
KEPT_WAITING = 400  # turns of a conversation that waits for a person; who writes more loses the oldest

Status = Literal["bot", "waiting", "danger"]
Reason = Literal["asked", "danger", "flow"]


class FlowState(BaseModel):
    """Where a flow stands: it waits at ``step`` for the customer."""

    flow: str
    step: str
    slots: dict[str, str] = {}
    results: dict[str, Any] = {}
    misses: int = 0


class Session(BaseModel):
    """Kept in Redis for ``session_ttl_s``. Only ``vault`` and a flow's tool results hold personal data.

    status: 'waiting' while a person is asked for ('danger': and the bot cannot take over again). The queue of
    hand-offs is what counts, and outlives the session: ``Sessions.load`` looks there.
    """

    id: str
    customer: str | None = None
    lang: Lang = "zh"
    turns: list[Turn] = []
    vault: dict[str, str] = {}
    flow: FlowState | None = None
    status: Status = "bot"

    def remember(self, *turns: Turn) -> None:
        """Appends redacted turns; the oldest are forgotten."""
        self.turns = [*self.turns, *turns][-KEPT_TURNS:]


class Handoff(BaseModel):
    """Everything a person needs to go on, without personal data: one a session, kept up to date while it waits.

    reason: what led to a person: the customer's wish or a bot that is lost (asked), words of danger, a flow's end.
    danger: the kind of the pack's ``danger.yaml``. time: when the person was asked for.
    """

    session: str
    customer: str
    time: str
    lang: Lang
    intent: str
    flow: str | None
    slots: dict[str, str]
    turns: list[Turn]
    reason: Reason = "asked"
    danger: str | None = None

    def add(self, turns: list[Turn], danger: str | None) -> Handoff:
        """The same conversation with what was said since. Danger stays what it is once it was spoken of."""
        more = {"reason": "danger", "danger": danger} if danger and not self.danger else {}
        return self.model_copy(update={"turns": [*self.turns, *turns][-KEPT_WAITING:], **more})
