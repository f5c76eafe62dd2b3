"""How events reach clients: as server-sent events, and as frames of WebSockets that somebody reads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

SSE_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
SEND_S = 20  # that a frame may wait for a client that does not read; HAProxy's patience for HTTP is the same
GOING_AWAY = 1001


def sse(event: str, data: Any) -> str:
    """One server-sent event; JSON has no raw line break, so it is one data line."""
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


async def send(socket: WebSocket, frame: Mapping[str, Any]) -> None:
    """Sends a frame as JSON. Raises WebSocketDisconnect, also when the client does not read: its place is wanted."""
    try:
        async with asyncio.timeout(SEND_S):
            await socket.send_json(frame)
    except TimeoutError as error:
        raise WebSocketDisconnect(GOING_AWAY) from error
