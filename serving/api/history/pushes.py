"""What open WebSockets get unasked: a person's words, on whichever replica they were said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.exceptions import RedisError
from starlette.websockets import WebSocket, WebSocketDisconnect

from serving.api.errors import ApiError
from serving.api.history.reading import MOST, read_after, shown
from serving.api.sending import send
from serving.api.site import Site, read_visitor
from serving.sessions.history import last_turn

AGAIN_S = 1.0  # after the store was away


@asynccontextmanager
async def pushing(socket: WebSocket, site: Site, token: str | None, after: str | None) -> AsyncIterator[None]:
    """Meanwhile, a socket gets what the shop says unasked.

    Args:
        after: the last turn that the client has seen: it gets all that came since, first; None: nothing of it.
    """
    task = asyncio.create_task(_push(socket, site, token, after))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _push(socket: WebSocket, site: Site, token: str | None, after: str | None) -> None:
    """Ends with the socket, or when the token is no good any more, which the next message tells the client."""
    session, turn, is_behind = read_visitor(token).session, after, after is not None
    with site.sessions.feed.listening(session) as news, suppress(ApiError, WebSocketDisconnect, RuntimeError):
        while True:
            try:
                if turn is None:
                    turn = await asyncio.to_thread(last_turn, site.sessions, session)
                if not is_behind:
                    await news.wait()
                news.clear()
                turns = (await read_after(site, token, turn)).turns
            except RedisError:
                news.set()
                await asyncio.sleep(AGAIN_S)
                continue
            for past in turns:
                turn = past.id
                if is_behind or past.turn.unasked:
                    event: dict[str, Any] = shown(past).model_dump(exclude={"role"}, exclude_none=True)
                    await send(socket, {"type": past.turn.role, **event})
            is_behind = is_behind and len(turns) == MOST
