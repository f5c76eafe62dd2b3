"""Cases: conversations that wait for a person, or that one has. One a session, and it outlives the session.

The queue holds ``Handoff``s, without personal data. What a person needs besides (the vault, whose the session is, what
a flow knew) is a copy of the session under a key of the case's own, which goes with the case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from kefu.shop.part import Lang
from serving.sessions.session import SaidTurn

KEPT_TURNS = 400  # of a conversation that waits for a person; who writes more loses the oldest
APART_S = 10**12  # seconds between those in danger, those who wait, and those whom a person has; no clock gets there

Reason = Literal["asked", "supervisor", "danger", "flow", "lost"]


class Handoff(BaseModel):
    """Everything a person needs to go on, without personal data: one a session, kept up to date while it is open.

    reason: what led to a person: the customer's wish (asked; for somebody above the agents: supervisor), a bot that
        understands nothing (lost), words of danger, a flow's end.
    danger: the kind of the pack's ``danger.yaml``. time: when the person was asked for.
    agent: the person who has the conversation; None: it waits. since: when that person took it.
    suggested: id of the knowledge's entry that answers the customer's last message; None: none does for sure.
    """

    session: str
    customer: str
    time: str
    lang: Lang
    intent: str
    flow: str | None
    slots: dict[str, str]
    turns: list[SaidTurn]
    reason: Reason = "asked"
    danger: str | None = None
    agent: str | None = None
    since: str | None = None
    suggested: str | None = None

    @property
    def score(self) -> float:
        """Its place in the queue: danger first, then who waits longest; whom a person has is behind all who wait."""
        place = datetime.fromisoformat(self.time).timestamp()
        return place + APART_S if self.agent else place - APART_S if self.danger else place

    def add(self, turns: Sequence[SaidTurn], reason: Reason = "asked", danger: str | None = None) -> Handoff:
        """The same conversation with what was said since. Danger stays what it is once it was spoken of."""
        more: dict[str, str] = {}
        if danger and not self.danger:
            more = {"reason": "danger", "danger": danger}
        elif reason == "supervisor" and self.reason != "danger":
            more = {"reason": reason}
        return self.model_copy(update={"turns": [*self.turns, *turns][-KEPT_TURNS:], **more})
