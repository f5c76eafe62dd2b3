"""The chat: one JSON answer, server-sent events, or a WebSocket that stays open.

SSE: ``meta`` (message id, session), ``delta`` (text) …, ``done`` (the whole reply) or ``error``. The reply
of ``done`` is authoritative: it is what was checked and remembered.
WebSocket: the client first sends ``{"token": …}``, then ``{"message": …}`` as often as it likes, and gets
the same events as JSON with a ``type``. One message at a time; a dropped connection loses no session.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

from serving.access.backend import Event, checked
from serving.access.errors import ApiError
from serving.access.schemas import ChatRequest, ChatResponse
from serving.access.site import Site, bearer, site_of
from serving.access.tokens import Visitor

router = APIRouter()
SSE_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
POLICY_VIOLATION, FRAME_CHARS = 1008, 64_000


def sse(event: str, data: Any) -> str:
    """One server-sent event; JSON has no raw line break, so it is one data line."""
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


@router.post("/v1/chat", response_model=ChatResponse)
async def chat(request: Request, body: ChatRequest) -> Response | ChatResponse:
    """Answers one message, as JSON or (``stream`` or ``Accept: text/event-stream``) as events."""
    site = site_of(request)
    visitor = await site.visitor(bearer(request))
    events = checked(site.backend.chat(visitor.session, visitor.customer, body.message))
    if body.stream or "text/event-stream" in request.headers.get("accept", ""):
        first = await anext(events)  # what is refused gets its status, not an event
        stream = _sse_stream(visitor, first, events)
        return StreamingResponse(stream, media_type="text/event-stream", headers=SSE_HEADERS)
    async for event in events:
        if event.reply:
            return ChatResponse(session=visitor.session, reply=event.reply)
    raise ApiError(502, "no_answer", "The answer broke off: try again")


async def _sse_stream(visitor: Visitor, first: Event, rest: AsyncIterator[Event]) -> AsyncIterator[str]:
    yield sse("meta", _meta(visitor))
    yield sse(first.type, _payload(first))
    try:
        async for event in rest:
            yield sse(event.type, _payload(event))
    except ApiError as error:
        yield sse("error", error.body["error"])


def _meta(visitor: Visitor) -> dict[str, str]:
    return {"id": f"msg-{secrets.token_hex(8)}", "session": visitor.session}


def _payload(event: Event) -> dict[str, Any]:
    return event.reply.model_dump() if event.reply else {"text": event.text}


@router.websocket("/v1/chat/ws")
async def chat_socket(socket: WebSocket) -> None:
    """See the module's description."""
    site: Site = socket.app.state.site
    await socket.accept()
    try:
        token = (await _receive(socket)).get("token")
        while True:
            message = (await _receive(socket)).get("message") if token else None
            await _answer(socket, site, token, message)
    except WebSocketDisconnect:
        return
    except ApiError as error:
        await socket.send_json({**error.body["error"], "type": "error"})
        await socket.close(POLICY_VIOLATION)


async def _receive(socket: WebSocket) -> dict[str, str]:
    text = await socket.receive_text()
    try:
        frame = json.loads(text) if len(text) <= FRAME_CHARS else None
    except json.JSONDecodeError:
        frame = None
    if not isinstance(frame, dict) or not all(isinstance(value, str) for value in frame.values()):
        raise ApiError(400, "invalid_request", 'Send {"token": "…"} first, then {"message": "…"}')
    return frame


async def _answer(socket: WebSocket, site: Site, token: str | None, message: str | None) -> None:
    """One message; what is wrong with it is told and the connection stays, unless the token is bad."""
    try:
        visitor = await site.visitor(token)
        if message is None:
            raise ApiError(400, "invalid_request", 'Send {"message": "…"}')
        await socket.send_json({"type": "meta", **_meta(visitor)})
        async for event in checked(site.backend.chat(visitor.session, visitor.customer, message)):
            await socket.send_json({"type": event.type, **_payload(event)})
    except ApiError as error:
        if error.status == 401:
            raise
        await socket.send_json({**error.body["error"], "type": "error"})
