"""The OpenAPI document: every answer that a route may give, in the shape that it has, and which token it wants.

FastAPI knows what a route takes and what it returns when all is well. Errors come from several places (limits, tokens,
the store), so a route names its own with ``answers``; ``describe`` adds the tokens and takes out what FastAPI assumes.
Not covered: the WebSocket, which OpenAPI has no words for.
"""

from __future__ import annotations

from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel

Responses = dict[int | str, dict[str, Any]]
EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
}
EVENTS = {"text/event-stream": {"schema": EVENT}}  # the schema is of each event
RETRY = {"Retry-After": {"description": "seconds", "required": True, "schema": {"type": "integer", "minimum": 1}}}
SESSION: dict[str, Any] = {"security": [{"session": []}]}
CUSTOMER: dict[str, Any] = {"security": [{}, {"customer": []}]}  # a stranger has none
AGENT: dict[str, Any] = {"security": [{"agent": []}]}
SIGNED_IN: dict[str, Any] = {"security": [{"customer": []}]}
TOKENS = {
    "session": {"type": "http", "scheme": "bearer", "description": "token of `POST /v1/session`"},
    "agent": {"type": "http", "scheme": "bearer", "description": "a person's, made by the shop's backend"},
    "customer": {"type": "http", "scheme": "bearer", "description": "a customer's, made by the shop's backend"},
}
MEANINGS = {
    400: "The request is not valid; `param` is the field",
    401: "No token, or one that is forged, expired, revoked or of the wrong kind",
    403: "The session is another customer's, or tokens prove nothing here: the server's key is the development key",
    404: "There is no such thing",
    408: "The body did not arrive in time",
    409: "Another message of the session is being answered; or it is not the agent who has the case",
    413: "The request is too large",
    422: "The id is of an earlier message with another text",
    429: "Too many in a minute",
    500: "A defect of the server, which was logged",
    502: "The answer broke off",
    503: "Nobody can answer right now",
}
# What a client may do with an answer. A token travels as bearer, for which links have no words.
LINKS: dict[str, dict[str, Any]] = {
    "model": {
        "operationId": "model_v1_models__model__get",
        "parameters": {"model": "$response.body#/data/0/id"},
    },
    "case": {
        "operationId": "packet_v1_agent_cases__case__get",
        "parameters": {"case": "$response.body#/cases/0/case"},
    },
    "sign-in": {
        "operationId": "open_session_v1_session_post",
        "requestBody": {"continue": "$response.body#/token"},
    },
    "again": {
        "operationId": "chat_v1_chat_post",
        "requestBody": {"id": "$response.body#/id", "message": "$request.body#/message"},
    },
    "sample-customer": {
        "operationId": "demo_login_demo_login_post",
        "requestBody": {"customer_id": "$response.body#/demo_customers/0"},
    },
}
ALWAYS = (500, 503)
WITH_BODY = (400, 408, 413)


class ErrorDetail(BaseModel):
    """``param``: the field that is wrong, 'body' for the whole; null when it is none of the request's."""

    code: str
    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: str | None


class ErrorBody(BaseModel):
    """Every error of every route."""

    error: ErrorDetail


def answers(*statuses: int, body: bool = False, events: bool = False, link: str | None = None) -> Responses:
    """The errors of a route, for its ``responses``.

    Args:
        statuses: beside those that every route has.
        body: whether the route reads one.
        events: whether a good answer may also be server-sent events.
        link: of LINKS, where a good answer leads.
    """
    good = {**({"content": EVENTS} if events else {}), **({"links": {link: LINKS[link]}} if link else {})}
    errors = {status: _answer(status) for status in sorted({*statuses, *ALWAYS, *(WITH_BODY if body else ())})}
    return {200: good, **errors} if good else errors


def _answer(status: int) -> dict[str, Any]:
    answer = {"model": ErrorBody, "description": MEANINGS[status]}
    return {**answer, "headers": RETRY} if status in (429, 503) else answer


def describe(app: FastAPI, max_message_chars: int) -> None:
    """Completes the document of an application, when it is first asked for."""
    make = app.openapi

    def completed() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(make(), max_message_chars)
        return make()

    app.openapi = completed  # type: ignore[method-assign]


def _complete(document: dict[str, Any], max_message_chars: int) -> None:
    """Changes FastAPI's document, which it keeps."""
    parts = document["components"]
    parts["securitySchemes"] = TOKENS
    parts["schemas"]["ChatRequest"]["properties"]["message"]["maxLength"] = max_message_chars
    for name in ("HTTPValidationError", "ValidationError"):  # ours is a 400 with ErrorBody
        parts["schemas"].pop(name, None)
    for path in document["paths"].values():
        for operation in path.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
