"""Requests and answers of the agents' interface; the packet's parts are in ``serving/dialogue/people/packet.py``."""

from __future__ import annotations

from pydantic import Field

from serving.api.schemas import MESSAGE_ID, Body
from serving.dialogue.people.packet import CaseSummary


class Queue(Body):
    """Open cases: danger first, then who waits longest, then those that a person has."""

    cases: list[CaseSummary]


class ClaimRequest(Body):
    """``from``: name of the agent who has the case and from whom it is taken over; null: it must be nobody's."""

    taken_from: str | None = Field(None, alias="from")


class ReplyRequest(Body):
    """What a person says. A client that has no answer sends the same again, with the same ``id``."""

    id: str | None = Field(None, pattern=MESSAGE_ID, description="the client's own, one for each message of an agent")
    text: str = Field(json_schema_extra={"minLength": 1, "pattern": r"[^\s\x1c-\x1f\x85]"})


class ReplyResponse(Body):
    """``turn``: id of the turn in the conversation's history."""

    id: str
    turn: str
    time: str
