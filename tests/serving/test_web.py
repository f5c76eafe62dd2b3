"""The web layer alone, over backends that fail or are slow: what a real server is hardly made to do."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from redis.exceptions import RedisError
from starlette.responses import PlainTextResponse
from starlette.types import Message as ASGIMessage
from starlette.websockets import WebSocketDisconnect

from kefu.schema import Message
from kefu.shop.part import Lang, Text
from serving.api import sending
from serving.api.app import build_web
from serving.api.backend import Event
from serving.api.idle_limit import IdleLimit
from serving.api.request_limits import Guard
from serving.api.schemas import ReleaseInfo
from serving.api.site import Front, Site
from serving.api.tokens import session_token
from serving.params import Serving
from serving.sessions.store import Sessions
from serving.sessions.valkey import Store
from tests.fixtures.web import serving_over_http

TITLE = Text(zh="店", en="shop")


class Scripted:
    """A backend that waits, says ``first``, and then raises; or is done when there is nothing to raise."""

    def __init__(self, error: Exception | None = None, first: str = "", wait_s: float = 0) -> None:
        self._error, self._first, self._wait_s = error, first, wait_s
        self.langs: list[Lang | None] = []

    async def chat(
        self,
        session: str,
        customer: str | None,
        text: str,
        lang: Lang | None = None,
        message: str | None = None,
        pieces: bool = True,
        issued: float | None = None,
        channel: str | None = None,
    ) -> AsyncIterator[Event]:
        self.langs.append(lang)
        await asyncio.sleep(self._wait_s)
        if self._first:
            yield Event(type="delta", text=self._first)
        if self._error:
            raise self._error
        yield Event(type="done", text="")

    def complete(
        self, engine: str, messages: Sequence[Message], max_new_tokens: int | None, stops: Sequence[str] = ()
    ) -> AsyncIterator[Event]:
        return self.chat("", None, "")

    async def info(self) -> ReleaseInfo | None:
        if self._error:
            raise self._error
        return None

    async def problem(self) -> str | None:
        return None


class Web:
    """The web layer over a scripted backend."""

    def __init__(self, backend: Scripted, store_url: str, params: Serving) -> None:
        front = Front(name=TITLE, greeting=TITLE, sample=False, demo_customers=(), questions=())
        site = Site(backend, Sessions(store_url, 60), params, front, False)
        self.client = TestClient(build_web(site), raise_server_exceptions=False)
        self.token = session_token(None, 60)
        self.headers = {"Authorization": f"Bearer {self.token}"}

    def frames(self, *sent: dict[str, str]) -> tuple[list[dict[str, Any]], int]:
        """What a WebSocket gets, and its close code."""
        got: list[dict[str, Any]] = []
        with self.client.websocket_connect("/v1/chat/ws") as socket:
            for frame in sent:
                socket.send_text(json.dumps(frame))
            with pytest.raises(WebSocketDisconnect) as closed:
                while True:
                    got.append(socket.receive_json())
        return got, closed.value.code


DEFECTS = [KeyError("slot"), RecursionError(), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")]
BODY = {"model": "kefu", "messages": [{"role": "user", "content": "hi"}], "message": "hi"}


@pytest.mark.parametrize("error", DEFECTS, ids=repr)
@pytest.mark.parametrize("path", ["/v1/chat", "/v1/chat/completions", "/readyz"])
def test_a_defect_is_a_500_of_our_shape_and_logged(
    store: Store, params: Serving, caplog: pytest.LogCaptureFixture, error: Exception, path: str
) -> None:
    web = Web(Scripted(error), store.url, params)
    body = {k: v for k, v in BODY.items() if (k == "message") == (path == "/v1/chat")}
    sent: dict[str, Any] = {} if path == "/readyz" else {"json": body}
    answer = web.client.request("POST" if sent else "GET", path, headers=web.headers, **sent)
    assert answer.status_code == 500 and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.json()["error"].keys() == {"code", "message", "type", "param"}
    assert (answer.json()["error"]["code"], answer.json()["error"]["type"]) == ("internal_error", "server_error")
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.exc_info[1] for record in logged if record.exc_info] == [error]


@pytest.mark.parametrize("error", DEFECTS, ids=repr)
def test_a_defect_in_mid_answer_ends_the_stream_with_an_error(store: Store, params: Serving, error: Exception) -> None:
    web = Web(Scripted(error, first="well"), store.url, params)
    streamed = web.client.post("/v1/chat", json={"message": "hi", "stream": True}, headers=web.headers)
    assert '"internal_error"' in streamed.text.split("event: error\n")[1]
    openai = {"model": "kefu", "messages": BODY["messages"], "stream": True}
    assert '"internal_error"' in web.client.post("/v1/chat/completions", json=openai, headers=web.headers).text
    got, code = web.frames({"token": web.token}, {"message": "hi"})
    assert [frame["type"] for frame in got] == ["meta", "delta", "error"] and code == 1011


def test_a_store_that_is_away_is_a_503(params: Serving) -> None:
    web = Web(Scripted(), "unix:///nowhere/valkey.sock", params)
    answer = web.client.post("/v1/session")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_redis_errors_of_the_backend_are_no_defects(store: Store, params: Serving) -> None:
    web = Web(Scripted(RedisError("OOM")), store.url, params)
    assert web.client.post("/v1/chat", json={"message": "hi"}, headers=web.headers).status_code == 503
    got, code = web.frames({"token": web.token}, {"message": "hi"})
    assert (got[-1]["code"], code) == ("unavailable", 1011)


def test_a_session_that_writes_too_much_is_told_when_it_may_go_on(store: Store, params: Serving) -> None:
    web = Web(Scripted(), store.url, params.model_copy(update={"messages_per_minute": 2}))
    answers = [web.client.post("/v1/chat", json={"message": "hi"}, headers=web.headers) for _ in range(6)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 2  # 4, or fewer when a minute ended in between
    assert 0 < int(refused[-1].headers["Retry-After"]) <= 60
    other = {"Authorization": f"Bearer {session_token(None, 60)}"}
    assert (
        web.client.post("/v1/chat", json={"message": "hi"}, headers=other).status_code == 502
    )  # Scripted says nothing


def test_silence_before_and_after_the_token_ends_a_socket(store: Store, params: Serving) -> None:
    web = Web(Scripted(), store.url, params.model_copy(update={"token_timeout_s": 0.05}))
    got, code = web.frames()
    assert [frame["code"] for frame in got] == ["idle_timeout"] and code == 1008
    web = Web(Scripted(), store.url, params.model_copy(update={"idle_timeout_s": 0.05}))
    got, code = web.frames({"token": web.token})
    assert [frame["code"] for frame in got] == ["idle_timeout"] and code == 1008


def test_a_session_opens_with_the_greeting(store: Store, params: Serving) -> None:
    opened = Web(Scripted(), store.url, params).client.post("/v1/session").json()
    assert opened["greeting"] == TITLE.model_dump()


def test_the_chosen_language_reaches_the_backend(store: Store, params: Serving) -> None:
    backend = Scripted()
    web = Web(backend, store.url, params.model_copy(update={"idle_timeout_s": 0.2}))
    for body, status in (({"lang": "en"}, 502), ({"lang": "fr"}, 400), ({}, 502)):  # 502: scripted, says nothing
        assert web.client.post("/v1/chat", json={"message": "ok", **body}, headers=web.headers).status_code == status
    frames = ({"message": "ok", "lang": "zh"}, {"message": "ok", "lang": "fr"}, {"message": "ok"})
    got, _ = web.frames({"token": web.token}, *frames)
    assert backend.langs == ["en", None, "zh", None]
    assert [frame["param"] for frame in got if frame.get("code") == "invalid_request"] == ["lang"]


def test_a_slow_answer_is_not_cut(store: Store, params: Serving) -> None:
    short = {"idle_timeout_s": 0.2, "token_timeout_s": 0.2, "body_timeout_s": 0.2}
    web = Web(Scripted(first="well", wait_s=0.6), store.url, params.model_copy(update=short))
    got, _ = web.frames({"token": web.token}, {"message": "hi"})
    assert [frame["type"] for frame in got] == ["meta", "delta", "done", "error"]  # the error: silence afterwards
    streamed = web.client.post("/v1/chat", json={"message": "hi", "stream": True}, headers=web.headers)
    assert streamed.status_code == 200 and "event: done" in streamed.text


async def _wait(limit: IdleLimit, peer: str, seconds: float = 60) -> str:
    try:
        async with limit.wait(peer, seconds):
            await asyncio.sleep(3600)
    except TimeoutError:
        return "ended"
    return "stayed"


async def _after(limit: IdleLimit, peers: str) -> list[bool]:
    """Which of the waits, begun in this order, have ended."""
    tasks = []
    for peer in peers:
        tasks.append(asyncio.create_task(_wait(limit, peer)))
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    ended = [task.done() for task in tasks]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return ended


@pytest.mark.parametrize(
    ("peers", "ended"),
    [
        ("aaa", "..."),
        ("aaaa", "x..."),
        ("aaaaa", "xx..."),
        ("baaa", ".x.."),  # of the address that has most of them, the oldest
        ("abcd", "x..."),
        ("baaaaaa", ".xxxx.."),
    ],
)
def test_too_many_that_wait_end_the_oldest(peers: str, ended: str) -> None:
    limit = IdleLimit(3)
    for _ in range(2):  # nothing of the first round is counted in the second
        assert asyncio.run(_after(limit, peers)) == [mark == "x" for mark in ended]
    assert not limit._waits and limit._count == 0


@pytest.mark.parametrize(("headers", "status"), [([], 200), ([(b"content-length", b"9")], 408)])
def test_a_request_without_a_body_waits_for_none(headers: list[tuple[bytes, bytes]], status: int) -> None:
    statuses = []

    async def never() -> ASGIMessage:
        await asyncio.Event().wait()
        raise AssertionError

    async def sent(message: ASGIMessage) -> None:
        statuses.append(message.get("status", 0))

    guard = Guard(PlainTextResponse("here"), most=10, seconds=0.001, unfinished=IdleLimit(1))
    asyncio.run(guard({"type": "http", "method": "GET", "path": "/healthz", "headers": headers}, never, sent))
    assert statuses[0] == status


def test_a_client_that_reads_nothing_loses_its_socket_and_keeps_nobody_waiting(
    store: Store, params: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SEND_S", 1.0)
    web = Web(Scripted(first="x" * 30_000_000), store.url, params)  # more than any socket's buffers hold
    with serving_over_http(web.client.app) as url, raw_socket(url) as deaf:
        for frame in ({"token": web.token}, {"message": "hi"}):
            deaf.sendall(masked(json.dumps(frame).encode()))
        time.sleep(0.5)
        assert httpx.get(f"{url}/healthz", timeout=10).json() == {"status": "ok"}
        time.sleep(2)
        deaf.settimeout(10)
        while deaf.recv(1 << 20):  # to the end: it was closed
            pass


def raw_socket(url: str) -> socket.socket:
    """A WebSocket that is opened, of which nothing is read further."""
    place = urlsplit(url)
    opened = socket.create_connection((place.hostname, place.port))
    opened.sendall(
        b"GET /v1/chat/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert b"101" in opened.recv(65536)
    return opened


def masked(payload: bytes) -> bytes:
    """A text frame of a client, with a mask of zeros."""
    length = bytes([128 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + payload
