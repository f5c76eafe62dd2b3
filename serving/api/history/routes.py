"""What was said in a session: its history, and what comes, as server-sent events.

A turn's id is its place: a client that knows the last one it saw asks for what came after, and misses nothing. Events
have the turn's role as their name and its id as theirs, so a browser's EventSource goes on by itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from serving.api.errors import ApiError, to_api_error
from serving.api.history.reading import MOST, read_after, shown
from serving.api.openapi import SESSION, answers
from serving.api.schemas import TURN_ID, HistoryResponse
from serving.api.sending import SSE_HEADERS, sse
from serving.api.site import Site, bearer, read_visitor, site_of
from serving.sessions.history import BEGIN, History, keep_listening

router = APIRouter()
HEARTBEAT_S = 15
HEARTBEAT = ": still here\n\n"


@router.get(
    "/v1/messages",
    response_model=HistoryResponse,
    responses=answers(400, 401, 403, 429, events=True),
    openapi_extra=SESSION,
)
async def messages(
    request: Request,
    after: Annotated[str, Query(pattern=TURN_ID, description="id of the last turn that is known")] = BEGIN,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> Response:
    """The conversation after a turn, oldest first; as events (``Accept`` or ``Last-Event-ID``) with what comes."""
    site, token, known = site_of(request), bearer(request), request.headers.get("last-event-id")
    site.count_read(read_visitor(token))
    if known is not None and not re.fullmatch(TURN_ID, known):
        raise ApiError(400, "invalid_request", f"Last-Event-ID: does not match {TURN_ID}")
    history = await read_after(site, token, known or after, limit)
    if known is None and "text/event-stream" not in request.headers.get("accept", ""):
        found = HistoryResponse(status=history.status, messages=[shown(past) for past in history.turns])
        return JSONResponse(found.model_dump())
    peer = request.client.host if request.client else ""
    events = _stream(site, token, peer, known or after, history)
    return StreamingResponse(events, media_type="text/event-stream", headers=SSE_HEADERS)


async def _stream(site: Site, token: str | None, peer: str, turn: str, history: History) -> AsyncIterator[str]:
    """The turns that are known, then those that come, until silence lasts too long."""
    visitor, clock = read_visitor(token), asyncio.get_running_loop().time
    session, channel = visitor.session, visitor.channel
    with site.sessions.feed.listening(session) as news:
        try:
            end = clock() + site.params.idle_timeout_s
            while True:
                for past in history.turns:
                    turn, end = past.id, clock() + site.params.idle_timeout_s
                    yield f"id: {turn}\n{sse(past.turn.role, shown(past).model_dump())}"
                await asyncio.to_thread(keep_listening, site.sessions, session, 2 * HEARTBEAT_S)
                news.clear()
                history = await read_after(site, token, turn)
                if not history.turns and not await _are_news(site, channel, peer, news, end - clock()):
                    yield HEARTBEAT
        except TimeoutError:
            return  # a client that still cares connects again, with the last id
        except Exception as error:  # noqa: BLE001  the last resort: told and logged
            yield sse("error", to_api_error(error).body["error"])


async def _are_news(site: Site, channel: str, peer: str, news: asyncio.Event, seconds: float) -> bool:
    """Waits for news; False when a heartbeat is due. Raises TimeoutError, as for any connection that waits."""
    async with site.silent(channel).wait(peer, seconds):
        try:
            return await asyncio.wait_for(news.wait(), HEARTBEAT_S)
        except TimeoutError:
            return False
