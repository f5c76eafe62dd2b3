"""Connections that only wait: they end, and however many there are, everybody else is answered."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from benchmarks.serving.faults.floods import HALF_BODY, HALF_HEAD, WAIT_S, half_sent
from serving.deploy.client import CHANNELS, open_session
from serving.deploy.launch import Server

MANY = 300
CROWDS = [MANY, pytest.param(2000, marks=pytest.mark.slow)]


def chat_socket(url: str) -> ClientConnection:
    return connect(url.replace("http", "ws", 1) + "/v1/chat/ws", open_timeout=WAIT_S, ping_interval=None)


def answer(connection: ClientConnection, text: str) -> str:
    """The type of the last event."""
    connection.send(json.dumps({"message": text}))
    while (event := json.loads(connection.recv(WAIT_S)))["type"] not in {"done", "error"}:
        pass
    return str(event["type"])


@contextmanager
def open_sockets(url: str, token: str | None = None) -> Iterator[list[ClientConnection]]:
    """MANY WebSockets; with ``token``, each sends it at once."""

    def opened(_: int) -> ClientConnection:
        one = chat_socket(url)
        if token:
            one.send(json.dumps({"token": token}))
        return one

    with ExitStack() as stack, ThreadPoolExecutor(16) as pool:
        yield [stack.enter_context(one) for one in pool.map(opened, range(MANY))]


def everybody_is_answered(url: str) -> None:
    assert httpx.get(f"{url}/healthz", timeout=WAIT_S).json() == {"status": "ok"}
    session = open_session(url, None)
    assert {channel: CHANNELS[channel](session, "你好")["route"] for channel in CHANNELS} == dict.fromkeys(
        CHANNELS, "chitchat"
    )


@pytest.mark.parametrize("many", CROWDS)
def test_half_sent_bodies_stop_nobody_and_get_408(url: str, many: int) -> None:
    with half_sent(url, HALF_BODY, many) as requests:
        everybody_is_answered(url)
        for request in requests:
            said = b"".join(iter(lambda: request.recv(65536), b""))  # noqa: B023  until the server closes
            head, _, body = said.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 408 ") and json.loads(body)["error"]["code"] == "body_timeout"


@pytest.mark.parametrize("many", CROWDS)
def test_half_sent_heads_stop_nobody(url: str, many: int) -> None:
    with half_sent(url, HALF_HEAD, many):
        everybody_is_answered(url)


def test_a_body_that_drips_is_late_however_long_it_goes_on(server: Server) -> None:
    with half_sent(server.url, HALF_BODY, 1) as (request,):
        request.settimeout(0.5)
        began, said = time.monotonic(), b""
        while not said:
            assert time.monotonic() < began + WAIT_S
            request.sendall(b"x")
            try:
                said = request.recv(65536)
            except TimeoutError:
                continue
        assert said.startswith(b"HTTP/1.1 408 ") and time.monotonic() - began >= server.plan.params.body_timeout_s - 1


def test_sockets_without_a_token_stop_nobody_and_are_closed(url: str) -> None:
    with open_sockets(url) as sockets:
        everybody_is_answered(url)
        for one in sockets:
            assert json.loads(one.recv(WAIT_S))["code"] == "idle_timeout"
            with pytest.raises(ConnectionClosed) as closed:
                one.recv(WAIT_S)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


def test_silent_customers_stop_nobody_and_stay(url: str) -> None:
    """They stay for ``idle_timeout_s``, which is far longer than a socket without a token does."""
    session = open_session(url, None)
    with open_sockets(url, session.token) as sockets:
        everybody_is_answered(url)
        with chat_socket(url) as stranger, pytest.raises(ConnectionClosed):
            while stranger.recv(WAIT_S):  # gone after token_timeout_s
                pass
        assert {answer(one, "你好") for one in (sockets[0], sockets[-1])} == {"done"}
