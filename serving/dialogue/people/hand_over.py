"""Opening the case of a conversation that needs a person, and adding to it what is said while it is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from serving.dialogue.turn import TurnState
from serving.sessions.cases import Handoff
from serving.sessions.session import HandedOver, SaidTurn
from serving.sessions.store import owner


def open_case(turn: TurnState, now: datetime) -> Handoff:
    """The conversation as a case, with its whole context. What was under way goes on when the customer says so."""
    session, draft = turn.session, turn.draft
    state = draft.ended or session.flow
    session.handed_over = HandedOver(
        flow=state,
        ended=draft.ended is not None,
        paused=session.paused,
        wishes=session.wishes,
        asked=session.asked,
    )
    session.flow, session.paused, session.wishes, session.asked = None, [], [], {}
    return Handoff(
        session=session.id,
        customer=owner(session),
        time=now.isoformat(timespec="microseconds"),
        lang=session.lang,
        intent=turn.reading.top.intent,
        flow=draft.flow or (state.flow if state else None),
        slots=draft.slots or (state.slots if state else {}),
        turns=session.turns,
        reason=draft.reason,
        danger=draft.danger,
    )


def add_to_case(waiting: Handoff, turn: TurnState, said: Sequence[SaidTurn], suggested: str | None) -> Handoff:
    """The open case with the turns of this message.

    Args:
        suggested: id of the knowledge's entry that answers it; None: none does for sure.
    """
    added = waiting.add(said, turn.draft.reason, turn.draft.danger)
    return added.model_copy(update={"lang": turn.session.lang, "suggested": suggested})
