"""Channels of a shop: each signs its customers' tokens with a key of its own, and has limits of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient

from kefu.errors import Unusable
from pipelines.params import load_params
from serving.api.access.channel_keys import VARIABLE, UnknownKey, channel_keys
from serving.api.tokens import BadToken, agent_token, customer_token, read_agent, read_customer, read_session
from serving.dialogue.assistant import Assistant
from serving.params import ChannelLimits, Serving
from tests.fixtures.web import open_web

APP, NEW, WEB = (
    "app-key-of-32-characters-or-more",
    "new-key-of-32-characters-or-more",
    "web-key-of-32-characters-or-more",
)
BOTH = f"app={APP} web={WEB}"
PAGE = "https://app.example.com"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the keys that the server has."""
    monkeypatch.setenv(VARIABLE, BOTH)
    monkeypatch.setenv("KEFU_SECRET", "a-secret-of-the-shop-of-32-characters")  # pages of others may come
    return lambda value: monkeypatch.setenv(VARIABLE, value)


def open_session(web: TestClient, token: str | None, **headers: str) -> tuple[int, str]:
    """The status, and the session's token or the error's code."""
    signed = {"Authorization": f"Bearer {token}"} if token else {}
    answer = web.post("/v1/session", headers=signed | headers)
    found = answer.json()
    return answer.status_code, found["token"] if answer.status_code == 200 else found["error"]["code"]


def test_a_key_signs_for_its_own_channel_alone(keys: Callable[[str], None]) -> None:
    token = customer_token("C1001", 60, key="app")
    assert (read_customer(token, 60).customer, read_customer(token, 60).channel) == ("C1001", "app")
    assert read_customer(customer_token("C1001", 60), 60).channel == "default"
    keys(f"web={WEB} app={WEB}")  # the key of the page signs no token of the app
    with pytest.raises(BadToken, match="not issued here"):
        read_customer(token, 60)
    keys(f"web={WEB}")
    with pytest.raises(BadToken, match="taken back"):
        read_customer(token, 60)
    with pytest.raises(UnknownKey):
        customer_token("C1001", 60, key="app")


def test_a_channels_key_signs_no_agent_and_no_session(
    keys: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEFU_SECRET", APP)  # whoever has the key alone
    agent, customer = agent_token("lin", 60), customer_token("C1001", 60)
    monkeypatch.setenv("KEFU_SECRET", "another-secret-of-enough-characters")
    for read in (lambda: read_agent(agent, 60), lambda: read_customer(customer, 60), lambda: read_session(customer)):
        with pytest.raises(BadToken, match="not issued here"):
            read()


def test_keys_change_one_by_one_and_a_key_that_is_taken_out_ends_what_it_opened(
    keys: Callable[[str], None], assistant: Assistant, params: Serving
) -> None:
    with TestClient(open_web(assistant, params)) as web:

        def looks(session: str) -> int:
            return web.get("/v1/messages", headers={"Authorization": f"Bearer {session}"}).status_code

        sessions = {key: open_session(web, customer_token("C1001", 60, key=key))[1] for key in ("app", "web", None)}
        keys(f"{BOTH} app.2={NEW}")
        sessions["app.2"] = open_session(web, customer_token("C1001", 60, key="app.2"))[1]
        assert {looks(session) for session in sessions.values()} == {200}
        old = customer_token("C1001", 60, key="app")
        keys(f"web={WEB} app.2={NEW}")
        assert open_session(web, old) == (401, "bad_token")
        assert {key: looks(session) for key, session in sessions.items()} == {
            "app": 401,
            "web": 200,
            None: 200,
            "app.2": 200,
        }
        assert read_session(sessions["app.2"]).channel == "app"


def test_each_channel_has_its_own_limits_and_pages(
    keys: Callable[[str], None], assistant: Assistant, params: Serving
) -> None:
    app = ChannelLimits(allowed_origins=(PAGE,), messages_per_minute=2, sessions_per_minute=3)
    limits = {"channels": {"app": app}, "sessions_per_minute": 10**6}
    with TestClient(open_web(assistant, params.model_copy(update=limits))) as web:
        of_app, of_web = (customer_token("C1001", 60, key=key) for key in ("app", "web"))
        status, token = open_session(web, of_app, Origin=PAGE)
        assert status == 200
        assert open_session(web, of_web, Origin=PAGE) == (403, "origin_not_allowed")
        assert open_session(web, of_app, Origin="https://evil.example.com") == (403, "origin_not_allowed")
        for page, allowed in ((PAGE, True), ("https://evil.example.com", False)):
            with web.websocket_connect("/v1/chat/ws", headers={"Origin": page}) as socket:
                socket.send_json({"token": token})
                socket.send_json({"stop": "m1"})
                socket.send_json({"message": ""})
                code = socket.receive_json().get("code")
                assert (code != "origin_not_allowed") is allowed
        looks = [web.get("/v1/messages", headers={"Authorization": f"Bearer {token}"}).status_code for _ in range(8)]
        assert looks.count(429) >= 3  # 2 a minute, of which the stop was one
        assert [open_session(web, of_app)[1] for _ in range(8)].count("rate_limited") >= 2
        assert open_session(web, of_web)[0] == 200


def test_silent_sockets_of_a_channel_take_no_place_of_anothers(
    keys: Callable[[str], None], assistant: Assistant, params: Serving
) -> None:
    limits = {"channels": {"app": ChannelLimits(max_idle_sockets=1)}, "max_idle_sockets": 1}
    with TestClient(open_web(assistant, params.model_copy(update=limits))) as web, ExitStack() as stack:

        def connected(key: str) -> Any:
            """A socket that was answered, and is silent since."""
            socket = stack.enter_context(web.websocket_connect("/v1/chat/ws"))
            socket.send_json({"token": open_session(web, customer_token("C1001", 60, key=key))[1]})
            assert answered(socket)
            return socket

        def answered(socket: Any) -> bool:
            socket.send_json({"message": "你好"})
            while (event := socket.receive_json())["type"] == "delta" or event["type"] == "meta":
                pass
            return bool(event["type"] == "done")

        of_web, first = connected("web"), connected("app")
        second = connected("app")
        assert first.receive_json()["code"] == "idle_timeout"  # the longest silent of its own channel
        assert answered(of_web) and answered(second)


def test_the_log_knows_the_channel(keys: Callable[[str], None], assistant: Assistant, params: Serving) -> None:
    with TestClient(open_web(assistant, params)) as web:
        token = open_session(web, customer_token("C1001", 60, key="web"))[1]
        assert web.post("/v1/chat", json={"message": "你好"}, headers={"Authorization": f"Bearer {token}"}).is_success
    assert assistant.log
    lines = [json.loads(line) for file in assistant.log.raw.rglob("*.jsonl") for line in file.open(encoding="utf8")]
    mine = [line for line in lines if line["session"] == read_session(token).session]
    assert [(line["role"], line["channel"]) for line in mine] == [("customer", "web"), ("bot", "web")]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("app", "entry 1"),
        (f"app={APP} App={APP}", "entry 2"),
        (f"default={APP}", "default is taken"),
        (f"app={APP} app={WEB}", "twice"),
        ("app=short", "fewer than 16 bytes"),
    ],
)
def test_a_key_that_cannot_be_read_is_refused_without_showing_it(
    keys: Callable[[str], None], value: str, problem: str
) -> None:
    keys(value)
    with pytest.raises(Unusable, match=problem) as refused:
        channel_keys()
    assert APP not in str(refused.value) and "short" not in str(refused.value)


def test_parameters_name_channels() -> None:
    assert load_params().serving.channels == {}
    raw = load_params().serving.model_dump()
    with pytest.raises(ValueError, match="My App"):
        Serving.model_validate(raw | {"channels": {"My App": {}}})
    assert (
        Serving.model_validate(raw | {"channels": {"app": {"messages_per_minute": 5}}})
        .limits_of("app")
        .messages_per_minute
        == 5
    )
