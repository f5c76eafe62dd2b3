"""The OpenAI-compatible interface: any client that speaks it works, with a session token as its API key.

``kefu`` is the whole assistant: it answers the last message in the token's session, whose history Kefu
keeps itself; an ``Idempotency-Key`` header is the message's id. ``kefu-edge`` and ``kefu-centre`` are the bare
models on the messages as sent. Sampling, tools, formats and several choices are not offered.
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

from kefu.llm.engine import Usage
from kefu.schema import Message
from serving.api.backend import Event, raise_errors
from serving.api.errors import ApiError, to_api_error
from serving.api.openai.schemas import Completion, CompletionRequest, Finish, ModelCard, ModelList
from serving.api.openai.stop_words import StopWords
from serving.api.openapi import SESSION, answers
from serving.api.schemas import MESSAGE_ID
from serving.api.sending import SSE_HEADERS
from serving.api.site import Site, bearer, site_of
from serving.api.strict_json import StrictJsonRoute
from serving.api.tokens import Visitor

router = APIRouter(route_class=StrictJsonRoute)
MODELS: dict[str, str | None] = {"kefu": None, "kefu-centre": "centre", "kefu-edge": "edge"}
KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "the message's id, for the model `kefu`",
    "schema": {"type": "string", "pattern": MESSAGE_ID},
}


@router.get("/v1/models", responses=answers(link="model"))
async def models() -> ModelList:
    """The names that ``model`` may have."""
    return ModelList(data=[ModelCard(id=name) for name in MODELS])


@router.get("/v1/models/{model}", responses=answers(404))
async def model(model: str) -> ModelCard:
    """One of them."""
    return ModelCard(id=_known(model))


@router.post(
    "/v1/chat/completions",
    response_model=Completion,
    responses=answers(401, 403, 404, 409, 422, 429, 502, body=True, events=True),
    openapi_extra={**SESSION, "parameters": [KEY_HEADER]},
)
async def completions(request: Request, body: CompletionRequest) -> Response:
    """One completion, whole or as chunks."""
    site = site_of(request)
    _known(body.model)
    visitor = site.visitor(bearer(request))
    if MODELS[body.model]:  # a bare model reads no session
        await site.check_revoked(visitor)
    events = raise_errors(_events(site, visitor, body, _message_id(request)))
    head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": body.model}
    words = StopWords(body.stops if MODELS[body.model] is None else [])  # a bare model's end where they are made
    first = await anext(events)
    if body.stream:
        chunks = _chunks(head, words, first, events, body.wants_usage)
        return StreamingResponse(chunks, media_type="text/event-stream", headers=SSE_HEADERS)
    said, last = words.add(first.text), first
    async for last in events:
        said += words.add(last.text)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": said + words.rest()},
        "finish_reason": _finish(last, words),
    }
    return JSONResponse({**head, "object": "chat.completion", "choices": [choice], "usage": _usage(last.usage)})


def _known(name: str) -> str:
    """The name of a model. Raises 404."""
    if name not in MODELS:
        raise ApiError(404, "model_not_found", f"No model {name!r}; there are {', '.join(MODELS)}", "model")
    return name


def _message_id(request: Request) -> str | None:
    """The header's. Raises 400."""
    key = request.headers.get("idempotency-key")
    if key is not None and not re.fullmatch(MESSAGE_ID, key):
        raise ApiError(400, "invalid_request", f"Idempotency-Key: does not match {MESSAGE_ID}: send a UUID")
    return key


def _events(site: Site, visitor: Visitor, body: CompletionRequest, message: str | None) -> AsyncIterator[Event]:
    engine = MODELS[body.model]
    if engine is None:
        if body.messages[-1].role != "user":
            raise ApiError(400, "invalid_request", "messages: the last one must be the user's", "messages")
        return site.backend.chat(
            visitor.session,
            visitor.customer,
            body.messages[-1].text,
            None,
            message,
            issued=visitor.issued,
            channel=visitor.channel,
        )
    if sum(len(m.text) for m in body.messages) > site.params.max_message_chars:
        raise ApiError(413, "too_long", f"messages: more than {site.params.max_message_chars} characters", "messages")
    roles = {"developer": "system"}
    messages = [Message(role=roles.get(m.role, m.role), content=m.text) for m in body.messages]  # type: ignore[arg-type]
    return site.backend.complete(engine, messages, body.limit, body.stops)


def _finish(last: Event, words: StopWords) -> Finish:
    return "stop" if words.met else last.finish


def _usage(usage: Usage | None) -> dict[str, int] | None:
    if usage is None:
        return None
    total = usage.prompt_tokens + usage.new_tokens
    return {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.new_tokens, "total_tokens": total}


async def _chunks(
    head: dict[str, Any], words: StopWords, first: Event, rest: AsyncIterator[Event], with_usage: bool
) -> AsyncIterator[str]:
    """Args: with_usage: the last chunk has no choice, but the usage; all others have none."""

    def chunk(choices: list[dict[str, Any]], **more: Any) -> str:
        more = {"usage": None, **more} if with_usage else {}
        return f"data: {json.dumps({**head, 'object': 'chat.completion.chunk', 'choices': choices, **more})}\n\n"

    def said(delta: dict[str, str], finish: Finish | None = None) -> str:
        return chunk([{"index": 0, "delta": delta, "finish_reason": finish}])

    last = first
    yield said({"role": "assistant", "content": words.add(first.text)})
    try:
        async for last in rest:
            if text := words.add(last.text):
                yield said({"content": text})
        if text := words.rest():
            yield said({"content": text})
        yield said({}, _finish(last, words))
        if with_usage and last.usage:
            yield chunk([], usage=_usage(last.usage))
    except Exception as error:  # noqa: BLE001  the last resort: told and logged
        yield f"data: {json.dumps(to_api_error(error).body)}\n\n"
    yield "data: [DONE]\n\n"
