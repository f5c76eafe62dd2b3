"""What is no message: 400 over HTTP; an error frame and a close code over a WebSocket; never a torn connection."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from kefu.privacy.pseudonyms import secret
from serving.api import tokens
from serving.deploy.client import CHANNELS, Session, open_session

DEEP = 60_000
NOT_TEXT = {
    "half a pair": b'{"message": "\\ud800 hi"}',
    "the other half": b'{"message": "hi \\udfff"}',
    "half a pair in a name": b'{"message": "hi", "\\ud800": "x"}',
}
NOT_UTF8 = {"half a pair as raw bytes": b'{"message": "\xed\xa0\x80"}', "no UTF-8": b'{"message": "\xff\xfe"}'}
NOT_JSON = {
    "empty": b"",
    "broken": b'{"message": "hi"',
    "deep arrays": b"[" * DEEP,
    "deep closed arrays": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"":' * 12_000 + b"1" + b"}" * 12_000,
    "deep field": b'{"message": ' + b"[" * 500 + b"]" * 500 + b"}",
    "NaN": b'{"message": "hi", "stream": NaN}',
    "infinity": b'{"message": "hi", "stream": -Infinity}',
    "digits": b'{"message": "hi", "stream": ' + b"9" * 5000 + b"}",
    "a name twice": b'{"message": "hi", "message": "bye"}',
    "two values": b'{"message": "hi"} {}',
}
NOT_AN_OBJECT = {"array": b"[1]", "text": b'"hi"', "null": b"null", "number": b"1e999"}
WRONG_FIELD = {"number": b'{"message": 1}', "null": b'{"message": null}', "object": b'{"message": {"a": 1}}'}
FRAMES = NOT_TEXT | NOT_JSON | NOT_AN_OBJECT
ALL = FRAMES | NOT_UTF8


@pytest.fixture(scope="module")
def session(server: Any) -> Session:
    return open_session(server.url, None)


def post(session: Session, path: str, body: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {tokens.session_token(None, 60)}", "Content-Type": "application/json"}
    return httpx.post(session.base_url + path, content=body, headers=headers, timeout=60)


def refused(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 400, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error.keys() == {"code", "message", "type", "param"}
    assert error["code"] == "invalid_request" and error["message"].startswith(f"{error['param']}: ")
    return error


@pytest.mark.parametrize("body", (ALL | WRONG_FIELD).values(), ids=(ALL | WRONG_FIELD).keys())
def test_chat_refuses(session: Session, body: bytes) -> None:
    assert not refused(post(session, "/v1/chat", body))["param"].isdigit()


@pytest.mark.parametrize("model", ["kefu", "kefu-edge"])
@pytest.mark.parametrize("body", ALL.values(), ids=ALL.keys())
def test_the_openai_interface_refuses(session: Session, body: bytes, model: str) -> None:
    message = body.replace(b'"message"', b'"content"')
    inside = b'{"model": "%b", "max_tokens": 1, "messages": [{"role": "user", %b]}' % (model.encode(), message[1:])
    sent = inside if body.startswith(b'{"message": "') and len(body) < 200 else body
    refused(post(session, "/v1/chat/completions", sent))


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/chat", b'{"message": "hi"', "body"),
        ("/v1/chat", b'{"message": "\\ud800"}', "message"),
        ("/v1/chat", b'{"massage": "hi"}', "message"),
        ("/v1/chat", b'{"message": "hi", "stream": "often"}', "stream"),
        ("/v1/chat", b'{"message": "hi", "mood": 1}', "mood"),
        ("/demo/login", b'{"customer_id": "\\udc00"}', "customer_id"),
        ("/v1/chat/completions", b'{"model": "kefu"}', "messages"),
        (
            "/v1/chat/completions",
            b'{"model": "kefu", "messages": [{"role": "user", "content": "\\ud800"}]}',
            "messages.0.content",
        ),
        (
            "/v1/chat/completions",
            b'{"model": "kefu", "messages": [{"role": "user", "content": 5}]}',
            "messages.0.content",
        ),
        ("/v1/chat/completions", b'{"model": "kefu", "messages": [{"content": "hi"}]}', "messages.0.role"),
    ],
)
def test_an_error_names_the_field(session: Session, path: str, body: bytes, field: str) -> None:
    assert refused(post(session, path, body))["param"] == field


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Request-Id", b"\xff"),
        ("serve_multiplexed_model_id", b"\xff"),
        ("Serve-Multiplexed-Model-Id", b"another"),
        ("X-Session-Id", b"\xff"),
        ("X-Request-Timeout-Seconds", b"0.0001"),
        ("X-Request-Timeout-Seconds", b"\xff"),
        ("X-Request-Disconnect-Disabled", b"\xff"),
    ],
)
def test_headers_that_ray_would_obey_are_taken_off(session: Session, name: str, value: bytes) -> None:
    token = tokens.session_token(None, 60)
    headers = {b"Authorization": f"Bearer {token}".encode(), name.encode(): value}
    answer = httpx.post(f"{session.base_url}/v1/chat", json={"message": "你好"}, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Request-Id"].isascii()


def test_a_request_id_of_the_client_comes_back(session: Session) -> None:
    asked = httpx.get(f"{session.base_url}/v1/nothing", headers={"X-Request-Id": "trace-7"}, timeout=60)
    assert (asked.status_code, asked.headers["X-Request-Id"]) == (404, "trace-7")


def test_what_is_text_is_answered(session: Session) -> None:
    for text in ("\0", "a\0b", "\ufffe\u202e\u200b", "😡" * 1000):
        for escaped in (True, False):
            body = json.dumps({"message": text}, ensure_ascii=escaped).encode()
            assert post(session, "/v1/chat", body).status_code == 200


def closed_with(session: Session, frames: list[str | bytes], raw: bytes | None = None) -> tuple[dict[str, Any], int]:
    """The last frame that came, and the close code."""
    last: dict[str, Any] = {}
    url = session.base_url.replace("http", "ws", 1) + "/v1/chat/ws"
    with connect(url, open_timeout=60) as chat, pytest.raises(ConnectionClosed) as closed:
        for frame in frames:
            chat.send(frame)
        if raw is not None:
            with chat.send_context():
                chat.protocol.send_text(raw)
        while True:
            last = json.loads(chat.recv(60))
    assert closed.value.rcvd is not None, "torn: no close frame"
    return last, closed.value.rcvd.code


@pytest.mark.parametrize("signed", [False, True], ids=["before the token", "after the token"])
@pytest.mark.parametrize("frame", [*FRAMES.values(), b'{"message": 1}'], ids=[*FRAMES, "number in a field"])
def test_a_bad_frame_is_told_and_closes(session: Session, frame: bytes, signed: bool) -> None:
    text = frame.decode()
    first: list[str | bytes] = [json.dumps({"token": session.token})] if signed else []
    error, code = closed_with(session, [*first, text])
    expected = ("too_large", 1009) if len(text) > 64_000 else ("invalid_request", 1008)
    assert error["type"] == "error" and (error["code"], code) == expected


@pytest.mark.parametrize("signed", [False, True], ids=["before the token", "after the token"])
@pytest.mark.parametrize("frame", [b"", b"\x00\xff", b'{"message": "hi"}'])
def test_a_binary_frame_is_told_and_closes_with_1003(session: Session, frame: bytes, signed: bool) -> None:
    first: list[str | bytes] = [json.dumps({"token": session.token})] if signed else []
    error, code = closed_with(session, [*first, frame])
    assert (error["code"], code) == ("binary_frame", 1003)


def test_a_text_frame_that_is_no_utf8_closes_with_1007(session: Session) -> None:
    assert closed_with(session, [], raw=b'{"token": "\xff"}')[1] == 1007


def test_a_long_frame_is_told_and_closes_with_1009(session: Session) -> None:
    error, code = closed_with(session, [json.dumps({"token": session.token}), "x" * 64_001])
    assert (error["code"], code) == ("too_large", 1009)


def test_a_frame_of_megabytes_is_not_received_and_nothing_is_told(session: Session) -> None:
    told: list[str | bytes] = []
    url = session.base_url.replace("http", "ws", 1) + "/v1/chat/ws"
    with connect(url, open_timeout=60) as chat, pytest.raises(ConnectionClosed) as closed:
        chat.send("x" * 10_000_000)
        while True:
            told.append(chat.recv(60))
    # The client may still be sending when the connection ends, and miss the close frame.
    assert told == [] and (closed.value.rcvd is None or closed.value.rcvd.code == 1009)


def test_a_body_of_megabytes_is_413_before_it_is_here(session: Session) -> None:
    place = urlsplit(session.base_url)
    head = b"POST /v1/chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n\r\n"
    with socket.create_connection((place.hostname, place.port), timeout=60) as request:
        request.sendall(head + b"x" * 300_000)
        assert request.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("first", [{}, {"message": "hi"}, {"token": ""}, {"token": "ü.\ud800"}, {"token": "a.b"}])
def test_a_first_frame_without_a_good_token_closes(session: Session, first: dict[str, str]) -> None:
    error, code = closed_with(session, [json.dumps(first)])
    assert error["code"] in {"no_session", "bad_token", "invalid_request"} and code == 1008


@pytest.mark.parametrize("payload", [{}, {"session": None}, {"session": ["s"]}, {"session": "s", "customer": 1}])
def test_a_signed_token_that_names_no_session_is_401(session: Session, payload: dict[str, Any]) -> None:
    token = tokens._sign({"kind": "session", **payload}, 60, secret())
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(f"{session.base_url}/v1/chat", json={"message": "你好"}, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "bad_token")


def test_the_session_goes_on_after_a_bad_frame(session: Session) -> None:
    closed_with(session, [json.dumps({"token": session.token}), "["])
    assert CHANNELS["ws"](session, "你好")["route"] == "chitchat"
