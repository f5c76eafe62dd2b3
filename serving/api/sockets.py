"""Sending over WebSockets: a client that takes nothing is one that left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

SEND_S = 20  # that a frame may wait for a client that does not read; HAProxy's patience for HTTP is the same
GOING_AWAY = 1001


async def send(socket: WebSocket, frame: Mapping[str, Any]) -> None:
    """Sends a frame as JSON. Raises WebSocketDisconnect, also when the client does not read: its place is wanted."""
    try:
        async with asyncio.timeout(SEND_S):
            await socket.send_json(frame)
    except TimeoutError as error:
        raise WebSocketDisconnect(GOING_AWAY) from error
