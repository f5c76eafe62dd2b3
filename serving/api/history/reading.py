"""Reading a session's history for whoever has its token."""

from __future__ import annotations

import asyncio

from serving.api.schemas import HistoryTurn
from serving.api.site import Site, read_visitor, refusals
from serving.sessions.history import History, PastTurn, read_history

MOST = 200  # turns at once


async def read_after(site: Site, token: str | None, turn: str, limit: int = MOST) -> History:
    """What was said after a turn. Raises ApiError: the token is looked at each time."""
    visitor = read_visitor(token)
    asked = visitor.session, visitor.customer, visitor.issued, turn, limit
    with refusals():
        return await asyncio.to_thread(read_history, site.sessions, *asked)


def shown(past: PastTurn) -> HistoryTurn:
    """A turn as clients get it."""
    turn = past.turn
    return HistoryTurn(id=past.id, role=turn.role, text=turn.text, time=turn.time, agent=turn.agent)
