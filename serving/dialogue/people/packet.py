"""What a person gets of a case: its line in the queue, and the packet with all that is known.

The queue has no personal data. The packet has the customer's own words and data, so it goes to the shop's people alone.
``docs/reference/packet.schema.json`` is its JSON schema, which a test keeps equal.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from kefu.knowledge.entries import knowledge_entries
from kefu.privacy.redact import restore
from kefu.schema import Role
from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from serving.dialogue.reading.script import in_script
from serving.sessions.cases import Handoff, Reason
from serving.sessions.session import SaidTurn, Script, Session


class CaseSummary(BaseModel):
    """A case as the queue shows it."""

    case: str = Field(description="by which the case is asked for")
    status: Literal["waiting", "person"]
    agent: str | None = Field(description="who has it; null: nobody")
    asked_at: str = Field(description="ISO 8601, when the person was asked for")
    taken_at: str | None = Field(description="ISO 8601, when the agent took it")
    urgency: Literal["high", "normal"] = Field(description="high: words of danger were spoken")
    reason: Reason = Field(description="what led to a person")
    danger: str | None = Field(description="kind of the pack's danger.yaml")
    lang: Lang
    intent: str = Field(description="of the message that led to a person")


class PacketTurn(BaseModel):
    """A turn with the customer's real data."""

    role: Role
    text: str
    time: str | None
    acts: list[str] = Field(description="what a customer's message was read as (docs/reference/acts.md)")
    agent: str | None = Field(description="name of the person who said it")


class PacketFlow(BaseModel):
    """The flow that was under way when the person was asked for."""

    name: str
    title: str
    step: str | None = Field(description="whose question was open")
    ended: bool = Field(description="the flow itself led to a person")
    slots: dict[str, str] = Field(description="what the customer told, with real values")
    results: dict[str, Any] = Field(description="what the shop's tools gave the flow: order, parcel …")


class SuggestedReply(BaseModel):
    """The knowledge's answer to the customer's last message."""

    text: str
    source: str = Field(description="id of the entry")


class Packet(CaseSummary):
    """All that a person needs to go on."""

    customer: str | None = Field(description="id of the signed-in customer; null: a stranger")
    script: Script = Field(description="of the customer's Chinese")
    transcript: list[PacketTurn] = Field(description="oldest first")
    flow: PacketFlow | None
    wishes: list[str] = Field(description="titles of flows that wait for their turn")
    suggested_reply: SuggestedReply | None = Field(description="null: the knowledge has no sure answer")


def summary_of(handoff: Handoff) -> CaseSummary:
    """The case's line in the queue."""
    return CaseSummary(
        case=handoff.session,
        status="person" if handoff.agent else "waiting",
        agent=handoff.agent,
        asked_at=handoff.time,
        taken_at=handoff.since,
        urgency="high" if handoff.danger else "normal",
        reason=handoff.reason,
        danger=handoff.danger,
        lang=handoff.lang,
        intent=handoff.intent,
    )


class PacketMaker:
    """Makes packets in the words of one pack."""

    def __init__(self, pack: Pack) -> None:
        self._titles = {flow.name: flow.title for flow in pack.flows}
        self._answers = {entry.id: entry.answer for entry in knowledge_entries(pack) if entry.kind == "faq"}

    def packet(self, handoff: Handoff, session: Session) -> Packet:
        """The case with the customer's real data.

        Args:
            session: what the case needs of it, the vault above all; an older release kept none.
        """
        under = session.handed_over
        waiting = [*(one.flow for one in under.paused), *(one.flow for one in under.wishes)] if under else []
        return Packet(
            **summary_of(handoff).model_dump(),
            customer=session.customer,
            script=session.script,
            transcript=[self._turn(turn, session) for turn in handoff.turns],
            flow=self._flow(handoff, session),
            wishes=[self._title(flow, handoff.lang) for flow in waiting],
            suggested_reply=self._suggested(handoff, session),
        )

    def _turn(self, turn: SaidTurn, session: Session) -> PacketTurn:
        text = turn.text if turn.role == "agent" else in_script(turn.text, session.script)
        text = restore(text, session.vault)
        return PacketTurn(role=turn.role, text=text, time=turn.time, acts=list(turn.acts), agent=turn.agent)

    def _flow(self, handoff: Handoff, session: Session) -> PacketFlow | None:
        if handoff.flow is None:
            return None
        under = session.handed_over
        state = under.flow if under else None
        slots = state.slots if state else handoff.slots
        return PacketFlow(
            name=handoff.flow,
            title=self._title(handoff.flow, handoff.lang),
            step=state.step if state and under and not under.ended else None,
            ended=bool(under and under.ended),
            slots={name: restore(value, session.vault) for name, value in slots.items()},
            results=state.results if state else {},
        )

    def _title(self, flow: str, lang: Lang) -> str:
        """A flow's title; the pack may have changed since."""
        return self._titles[flow].in_(lang) if flow in self._titles else flow

    def _suggested(self, handoff: Handoff, session: Session) -> SuggestedReply | None:
        answer = self._answers.get(handoff.suggested or "")
        if answer is None or handoff.suggested is None:
            return None
        return SuggestedReply(text=in_script(answer, session.script), source=handoff.suggested)
