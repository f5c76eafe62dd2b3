"""The OpenAI-compatible interface: any client that speaks it works, with a session token as its API key.

``kefu`` is the whole assistant: it answers the last message in the token's session, whose history Kefu
keeps itself; an ``Idempotency-Key`` header is the message's id. ``kefu-edge`` and ``kefu-centre`` are the bare
models on the messages as sent. Token usage, sampling, tools and several choices are not offered.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from kefu.schema import Message
from serving.api.backend import Event, raise_errors
from serving.api.errors import ApiError, to_api_error
from serving.api.schemas import MESSAGE_ID, CompletionRequest
from serving.api.site import Site, bearer, site_of
from serving.api.strict_json import StrictJsonRoute
from serving.api.tokens import Visitor

router = APIRouter(route_class=StrictJsonRoute)
MODELS: dict[str, str | None] = {"kefu": None, "kefu-centre": "centre", "kefu-edge": "edge"}


@router.get("/v1/models")
async def models() -> dict[str, Any]:
    """The names that ``model`` may have."""
    return {"object": "list", "data": [{"id": m, "object": "model", "created": 0, "owned_by": "kefu"} for m in MODELS]}


@router.post("/v1/chat/completions")
async def completions(request: Request, body: CompletionRequest) -> Response:
    """One completion, whole or as chunks."""
    site = site_of(request)
    if body.model not in MODELS:
        raise ApiError(404, "model_not_found", f"No model {body.model!r}; there are {', '.join(MODELS)}", "model")
    visitor = site.visitor(bearer(request))
    events = raise_errors(_events(site, visitor, body, _message_id(request)))
    head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": body.model}
    first = await anext(events)
    if body.stream:
        return StreamingResponse(_chunks(head, first, events), media_type="text/event-stream")
    text = first.text + "".join([event.text async for event in events])
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return JSONResponse({**head, "object": "chat.completion", "choices": [choice]})


def _message_id(request: Request) -> str | None:
    """The header's. Raises 400."""
    key = request.headers.get("idempotency-key")
    if key and not re.fullmatch(MESSAGE_ID, key):
        raise ApiError(400, "invalid_request", f"Idempotency-Key: does not match {MESSAGE_ID}: send a UUID")
    return key or None


def _events(site: Site, visitor: Visitor, body: CompletionRequest, message: str | None) -> AsyncIterator[Event]:
    engine = MODELS[body.model]
    if engine is None:
        if body.messages[-1].role != "user":
            raise ApiError(400, "invalid_request", "The last message must be the user's", "messages")
        return site.backend.chat(visitor.session, visitor.customer, body.messages[-1].text, None, message)
    if sum(len(m.text) for m in body.messages) > site.params.max_message_chars:
        raise ApiError(413, "too_long", f"More than {site.params.max_message_chars} characters", "messages")
    roles = {"developer": "system"}
    messages = [Message(role=roles.get(m.role, m.role), content=m.text) for m in body.messages]  # type: ignore[arg-type]
    return site.backend.complete(engine, messages, body.max_completion_tokens or body.max_tokens)


async def _chunks(head: dict[str, Any], first: Event, rest: AsyncIterator[Event]) -> AsyncIterator[str]:
    def chunk(delta: dict[str, str], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return f"data: {json.dumps({**head, 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"

    yield chunk({"role": "assistant", "content": first.text})
    try:
        async for event in rest:
            if event.type == "delta":
                yield chunk({"content": event.text})
        yield chunk({}, "stop")
    except Exception as error:  # noqa: BLE001  the last resort: told and logged
        yield f"data: {json.dumps(to_api_error(error).body)}\n\n"
    yield "data: [DONE]\n\n"
