"""A chat with a running server in the terminal: the same HTTP interface that the chat page uses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import typer

from kefu.errors import KefuError

TIMEOUT = httpx.Timeout(10, read=120)  # an answer of a large model on a small machine takes its time


class ChatError(KefuError, RuntimeError):
    """The server cannot be reached, or refuses; the message is the server's own where it has one."""


def _checked(answer: httpx.Response, expected: str) -> dict[str, Any]:
    """The body, which must have a field of that name. Raises ChatError."""
    try:
        body = answer.json()
        if answer.is_success and expected in body:
            return body
        message = body["error"]["message"]
    except (ValueError, KeyError, TypeError) as error:
        raise ChatError(
            f"{answer.url}: status {answer.status_code}: {answer.text[:80]!r} is no answer of Kefu: is --url right?"
        ) from error
    raise ChatError(message)


def open_session(http: httpx.Client, customer: str | None) -> str:
    """A session's token: of a signed-in sample customer, else of a stranger."""
    headers = {}
    if customer:
        signed_in = _checked(http.post("/demo/login", json={"customer_id": customer}), "customer_token")
        headers = {"Authorization": f"Bearer {signed_in['customer_token']}"}
    return _checked(http.post("/v1/session", headers=headers), "token")["token"]


def events(http: httpx.Client, token: str, message: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Server-sent events of one answer: ('delta', {text}) …, ('done', the reply) or ('error', …)."""
    body, headers = {"message": message, "stream": True}, {"Authorization": f"Bearer {token}"}
    with http.stream("POST", "/v1/chat", json=body, headers=headers) as answer:
        if not answer.is_success:
            answer.read()
            _checked(answer, "error")
        name = ""
        for line in answer.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)


def _answer(http: httpx.Client, token: str, message: str) -> None:
    for name, data in events(http, token, message):
        if name == "delta":
            typer.echo(data["text"], nl=False)
        elif name == "done":
            how = data["flow"] or data["engine"] or " ".join(data["sources"])
            typer.secho(f"\n  {data['route']} {how} · {data['intent']} {data['confidence']:.0%}", dim=True)
        elif name == "error":
            typer.secho(f"\n  {data['message']}", fg="red")


def talk(url: str, customer: str | None) -> None:
    """Reads messages until end of file or Ctrl-C. Raises ChatError."""
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT) as http:
            shop, token = _checked(http.get("/v1/shop"), "greeting"), open_session(http, customer)
            typer.secho(f"{shop['name']['zh']} · {shop['greeting']['zh']}   (Ctrl-D ends)", bold=True)
            while message := typer.prompt("", prompt_suffix="> ", default="", show_default=False).strip():
                _answer(http, token, message)
    except httpx.TransportError as error:
        raise ChatError(f"No server at {url} ({error}): `kefu serve` starts one") from error
    except typer.Abort:
        typer.echo()
