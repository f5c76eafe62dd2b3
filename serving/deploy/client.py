"""A small client of the chat, over each of its three channels: what the demo, tests and checks talk with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.sync.client import connect

TIMEOUT_S = 60


@dataclass(frozen=True)
class Session:
    """An open session at a server."""

    base_url: str
    token: str
    id: str


def open_session(base_url: str, customer: str | None) -> Session:
    """A new session, of a SAMPLE customer or of a stranger."""
    headers = {}
    if customer:
        login = _post(base_url, "/demo/login", {"customer_id": customer}, {})
        headers = {"Authorization": f"Bearer {login['customer_token']}"}
    opened = _post(base_url, "/v1/session", {}, headers)
    return Session(base_url, opened["token"], opened["session"])


def over_http(session: Session, text: str) -> dict[str, Any]:
    """The reply to one message, as JSON."""
    reply: dict[str, Any] = _post(session.base_url, "/v1/chat", {"message": text}, _headers(session))["reply"]
    return reply


def over_sse(session: Session, text: str) -> dict[str, Any]:
    """The reply to one message, from the last of its server-sent events."""
    body, url = {"message": text, "stream": True}, f"{session.base_url}/v1/chat"
    with httpx.stream("POST", url, json=body, headers=_headers(session), timeout=TIMEOUT_S) as response:
        lines = [line for line in response.iter_lines() if line]
    response.raise_for_status()
    return _told(lines[-2].removeprefix("event: "), json.loads(lines[-1].removeprefix("data: ")))


def over_ws(session: Session, text: str) -> dict[str, Any]:
    """The reply to one message over a WebSocket."""
    with connect(session.base_url.replace("http", "ws", 1) + "/v1/chat/ws") as socket:
        socket.send(json.dumps({"token": session.token}))
        socket.send(json.dumps({"message": text}))
        event: dict[str, Any] = {"type": ""}
        while event["type"] not in {"done", "error"}:
            event = json.loads(socket.recv(TIMEOUT_S))
    return _told(event["type"], event)


CHANNELS: dict[str, Callable[[Session, str], dict[str, Any]]] = {"http": over_http, "sse": over_sse, "ws": over_ws}


def _headers(session: Session) -> dict[str, str]:
    return {"Authorization": f"Bearer {session.token}"}


def _told(kind: str, event: dict[str, Any]) -> dict[str, Any]:
    if kind != "done":
        raise RuntimeError(f"the server answered with {kind}: {event}")
    return event


def _post(base_url: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    response = httpx.post(base_url + path, json=body, headers=headers, timeout=TIMEOUT_S)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer
