"""The chat: one JSON answer, server-sent events, or a WebSocket that stays open.

Each message has an id: the client's, or one that is made here. A message that comes again with the id and text of an
earlier one of its session gets that one's answer, over any channel; with another text it is refused (422).

SSE: ``meta`` (message id, session), ``delta`` (text) …, ``done`` (the whole reply) or ``error``. The reply
of ``done`` is authoritative: it is what was checked and remembered.
WebSocket: the client first sends ``{"token": …, "after"?: …}``, then ``{"message": …, "lang"?: …, "id"?: …}`` as often
as it likes, and gets the same events as JSON with a ``type``, and what a person says (``history/pushes.py``), which may
come between them. One message at a time; a dropped connection loses no session. ``{"stop": id}`` ends what a model
writes as the answer to the message, which is then done.
A frame that is no JSON object of texts ends the connection, and so does silence: seconds before the token,
many minutes after it. An answer on its way is never cut.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from typing import Annotated, Any, cast, get_args

from fastapi import APIRouter, Path, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from starlette.types import Message as ASGIMessage

from kefu.shop.part import Lang
from serving.api.access.origins import check_origin
from serving.api.access.this_machine import require_secret
from serving.api.backend import Event, raise_errors
from serving.api.errors import ApiError, to_api_error
from serving.api.history.pushes import pushing
from serving.api.openapi import SESSION, answers
from serving.api.schemas import MESSAGE_ID, TURN_ID, ChatRequest, ChatResponse, new_message_id
from serving.api.sending import SSE_HEADERS, send, sse
from serving.api.site import Site, bearer, read_visitor, site_of
from serving.api.strict_json import StrictJsonRoute, read_object
from serving.api.tokens import Visitor

router = APIRouter(route_class=StrictJsonRoute)
FRAME_CHARS = 64_000
NO_CLOSE_CODE, POLICY_VIOLATION, INTERNAL_ERROR = 1005, 1008, 1011
CLOSE_CODES = {"binary_frame": 1003, "too_large": 1009}
LANGS = get_args(Lang)
USAGE = 'send {"message": "…"}'


@router.post(
    "/v1/chat",
    response_model=ChatResponse,
    responses=answers(401, 403, 409, 422, 429, 502, body=True, link="again", events=True),
    openapi_extra=SESSION,
)
async def chat(request: Request, body: ChatRequest) -> Response | ChatResponse:
    """Answers one message, as JSON or (``stream`` or ``Accept: text/event-stream``) as events."""
    site = site_of(request)
    visitor = site.visitor(bearer(request))
    message = body.id or new_message_id()
    streams = body.stream or "text/event-stream" in request.headers.get("accept", "")
    events = raise_errors(
        site.backend.chat(
            visitor.session,
            visitor.customer,
            body.message,
            body.lang,
            message,
            pieces=streams,
            issued=visitor.issued,
            channel=visitor.channel,
        )
    )
    if streams:
        first = await anext(events)  # what is refused gets its status, not an event
        stream = _sse_stream(_meta(visitor, message), first, events)
        return StreamingResponse(stream, media_type="text/event-stream", headers=SSE_HEADERS)
    # To its end: for what is left of an iterator asyncio wakes the loop.
    for reply in [event.reply async for event in events if event.reply]:
        return ChatResponse(id=message, session=visitor.session, reply=reply)
    raise ApiError(502, "no_answer", "The answer broke off: try again")


async def _sse_stream(meta: dict[str, str], first: Event, rest: AsyncIterator[Event]) -> AsyncIterator[str]:
    yield sse("meta", meta)
    yield sse(first.type, _payload(first))
    try:
        async for event in rest:
            yield sse(event.type, _payload(event))
    except Exception as error:  # noqa: BLE001  the last resort: told and logged
        yield sse("error", to_api_error(error).body["error"])


def _meta(visitor: Visitor, message: str) -> dict[str, str]:
    return {"id": message, "session": visitor.session}


def _payload(event: Event) -> dict[str, Any]:
    return event.reply.model_dump() if event.reply else {"text": event.text}


@router.post(
    "/v1/messages/{message}/stop", status_code=204, responses=answers(400, 401, 403, 429), openapi_extra=SESSION
)
async def stop(request: Request, message: Annotated[str, Path(pattern=MESSAGE_ID)]) -> None:
    """Ends what a model writes as the answer to a message. Nothing happens when that is complete, or none is known."""
    site, token = site_of(request), bearer(request)
    await site.check_revoked(read_visitor(token))
    await _stop(site, token, message)


async def _stop(site: Site, token: str | None, message: str) -> None:
    """Raises 401 or 429."""
    visitor = read_visitor(token)
    site.count_read(visitor)
    await asyncio.to_thread(site.sessions.feed.stop, visitor.session, message)


@router.websocket("/v1/chat/ws")
async def chat_socket(socket: WebSocket) -> None:
    """See the module's description."""
    await socket.accept()
    try:
        await _converse(socket, socket.app.state.site)
    except WebSocketDisconnect:
        return
    except Exception as error:  # noqa: BLE001  the last resort: told and logged
        await _close(socket, to_api_error(error))


async def _converse(socket: WebSocket, site: Site) -> None:
    """Token, then messages, until the client leaves. Raises ApiError for what ends the connection."""
    require_secret(socket, site.params.development_hosts)
    check_origin(socket, site.params.all_origins)
    peer = socket.client.host if socket.client else ""
    first = await _receive(socket, site.unsigned_limit.wait(peer, site.params.token_timeout_s))
    token, after = first.get("token"), first.get("after")
    channel = read_visitor(token).channel
    check_origin(socket, site.params.origins_of(channel))
    if after is not None and not re.fullmatch(TURN_ID, after):
        raise ApiError(400, "invalid_request", f"after: does not match {TURN_ID}: send the id of a turn", "after")
    async with pushing(socket, site, token, after):
        coming: asyncio.Task[ASGIMessage] | None = None
        while True:
            frame = await _receive(socket, site.silent(channel).wait(peer, site.params.idle_timeout_s), coming)
            coming = await _answer_or_stop(socket, site, token, frame)


async def _receive(
    socket: WebSocket, patience: AbstractAsyncContextManager[None], coming: asyncio.Task[ASGIMessage] | None = None
) -> dict[str, str]:
    """The next frame, which is perhaps ``coming`` already. Raises ApiError, or WebSocketDisconnect."""
    try:
        async with patience:
            event = await (coming or socket.receive())
    except TimeoutError as error:
        raise ApiError(408, "idle_timeout", "Nothing was sent for long: connect again to go on") from error
    return _read(event)


def _read(event: ASGIMessage) -> dict[str, str]:
    """The frame that came, which is a JSON object of texts. Raises ApiError, or WebSocketDisconnect."""
    if event["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(event.get("code", NO_CLOSE_CODE))
    text = event.get("text")
    if text is None:
        raise ApiError(400, "binary_frame", "frame: is binary: send JSON as text", "frame")
    if len(text) > FRAME_CHARS:
        raise ApiError(413, "too_large", f"frame: has more than {FRAME_CHARS} characters", "frame")
    frame = read_object(text, "frame")
    for name, value in frame.items():
        if not isinstance(value, str):
            raise ApiError(400, "invalid_request", f'{name}: is not a text: send {{"token": "…"}} first, {USAGE}', name)
    return frame


async def _answer_or_stop(
    socket: WebSocket, site: Site, token: str | None, frame: dict[str, str]
) -> asyncio.Task[ASGIMessage]:
    """Answers a frame, and takes frames that stop the answer meanwhile. Returns what comes next, whatever it is."""
    answering = asyncio.create_task(_answer(socket, site, token, frame))
    coming = asyncio.create_task(socket.receive())
    try:
        while await asyncio.wait({answering, coming}, return_when=asyncio.FIRST_COMPLETED):
            if answering.done() or not _stops(coming.result()):
                break
            await _answer(socket, site, token, _read(coming.result()))
            coming = asyncio.create_task(socket.receive())
        await answering
    except BaseException:
        answering.cancel()
        coming.cancel()
        raise
    return coming


def _stops(event: ASGIMessage) -> bool:
    """Whether a frame stops an answer; another one waits for the answer's end, and so does what is wrong with it."""
    with suppress(ApiError, WebSocketDisconnect):
        return "stop" in _read(event)
    return False


async def _answer(socket: WebSocket, site: Site, token: str | None, frame: dict[str, str]) -> None:
    """One message, or a stop; what is wrong with it is told and the connection stays, unless the token is bad."""
    try:
        if (stopped := frame.get("stop")) is not None:
            if not re.fullmatch(MESSAGE_ID, stopped):
                raise ApiError(
                    400, "invalid_request", f"stop: does not match {MESSAGE_ID}: send a message's id", "stop"
                )
            return await _stop(site, token, stopped)
        visitor = site.visitor(token)
        text, lang, message = frame.get("message"), frame.get("lang"), frame.get("id") or new_message_id()
        if text is None:
            raise ApiError(400, "invalid_request", f"message: is missing: {USAGE}", "message")
        if lang not in (None, *LANGS):
            raise ApiError(400, "invalid_request", f"lang: is not one of {', '.join(LANGS)}", "lang")
        if not re.fullmatch(MESSAGE_ID, message):
            raise ApiError(400, "invalid_request", f"id: does not match {MESSAGE_ID}: send a UUID, for instance", "id")
        chosen = cast(Lang | None, lang)
        await send(socket, {"type": "meta", **_meta(visitor, message)})
        whose = visitor.session, visitor.customer
        events = site.backend.chat(*whose, text, chosen, message, issued=visitor.issued, channel=visitor.channel)
        async for event in raise_errors(events):
            await send(socket, {"type": event.type, **_payload(event)})
    except ApiError as error:
        if error.status == 401:
            raise
        await send(socket, _error(error))


async def _close(socket: WebSocket, error: ApiError) -> None:
    """Says why, and closes; the client may have left already."""
    code = INTERNAL_ERROR if error.status >= 500 else CLOSE_CODES.get(error.code, POLICY_VIOLATION)
    with suppress(WebSocketDisconnect, RuntimeError):
        await send(socket, _error(error))
        await socket.close(code, error.code)


def _error(error: ApiError) -> dict[str, str | None]:
    return {**error.body["error"], "type": "error"}
