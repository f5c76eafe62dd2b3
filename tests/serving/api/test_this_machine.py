"""Who may use the public development key and the sample sign-in: programs on this machine, nobody through a proxy."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect

from kefu.params import ParamsError, parse_section
from kefu.paths import PARAMS
from kefu.privacy.pseudonyms import VARIABLE
from serving.api.access.this_machine import allows_development, is_local
from serving.api.app import build_web
from serving.api.schemas import ReleaseInfo
from serving.api.site import Front, Site
from serving.api.tokens import session_token
from serving.params import Serving
from serving.sessions.store import Sessions
from serving.sessions.valkey import Store
from tests.fixtures.web import RELEASE, TITLE
from tests.serving.test_web import Scripted

MESSAGES = [{"role": "user", "content": "hi"}]
BODIES: dict[tuple[str, str], Any] = {
    ("post", "/v1/session"): {},
    ("put", "/v1/session/rating"): {"csat": 5},
    ("delete", "/v1/session"): None,
    ("delete", "/v1/sessions"): None,
    ("get", "/v1/messages"): None,
    ("post", "/v1/messages/{message}/stop"): None,
    ("get", "/v1/agent/cases"): None,
    ("get", "/v1/agent/cases/{case}"): None,
    ("post", "/v1/agent/cases/{case}/claim"): {},
    ("post", "/v1/agent/cases/{case}/release"): None,
    ("post", "/v1/agent/cases/{case}/reply"): {"text": "hi"},
    ("post", "/v1/agent/cases/{case}/hand-back"): None,
    ("post", "/v1/agent/cases/{case}/close"): None,
    ("delete", "/v1/agent/tokens"): None,
    ("post", "/v1/chat"): {"message": "hi"},
    ("post", "/v1/chat/completions"): {"model": "kefu", "messages": MESSAGES},
}
PUBLIC = "203.0.113.5"
FAR = {
    "a proxy that passes the name on": ("127.0.0.1", {"host": "chat.example.com"}),
    "a proxy that passes the address on, as uvicorn reads it": (PUBLIC, {"host": "127.0.0.1:8000"}),
    "a proxy that passes the address on": ("127.0.0.1", {"host": "127.0.0.1:8000", "x-forwarded-for": PUBLIC}),
    "a proxy after a forged address": ("127.0.0.1", {"host": "localhost", "x-forwarded-for": f"127.0.0.1, {PUBLIC}"}),
    "another header of proxies": ("127.0.0.1", {"host": "127.0.0.1", "x-real-ip": "127.0.0.1"}),
    "a page of a browser, through a proxy that passes nothing on": (
        "127.0.0.1",
        {"host": "127.0.0.1:8000", "origin": "https://chat.example.com"},
    ),
    "DNS rebinding": ("127.0.0.1", {"host": "evil.example:8000", "origin": "http://evil.example:8000"}),
    "a name that begins like ours": ("127.0.0.1", {"host": "localhost.evil.example"}),
    "a name that ends like ours": ("127.0.0.1", {"host": "evil-localhost"}),
    "an address as the beginning of a name": ("127.0.0.1", {"host": "127.0.0.1.evil.example"}),
    "a name before an at": ("127.0.0.1", {"host": "localhost@evil.example"}),
    "no name": ("127.0.0.1", {}),
    "a page of no origin": ("127.0.0.1", {"host": "localhost", "origin": "null"}),
    "a port of a replica": (PUBLIC, {"host": "localhost"}),
}
NEAR = {
    "a name": ("127.0.0.1", {"host": "localhost"}),
    "a name with a port": ("127.0.0.1", {"host": "LOCALHOST:8000"}),
    "a name below": ("127.0.0.1", {"host": "kefu.localhost"}),
    "an address": ("127.0.0.1", {"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:8000"}),
    "IPv6": ("::1", {"host": "[::1]:8000"}),
    "IPv4 in IPv6": ("::ffff:127.0.0.1", {"host": "localhost"}),
    "a page of another port": ("127.0.0.1", {"host": "localhost:8000", "origin": "http://localhost:3000"}),
    "a proxy that is asked from here": ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "127.0.0.1, ::1"}),
}


class Ready(Scripted):
    async def info(self) -> ReleaseInfo:
        return RELEASE


def connection(address: str, headers: dict[str, str]) -> HTTPConnection:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": raw, "client": (address, 50000)})


def local(params: Serving) -> Serving:
    return params.model_copy(update={"development_hosts": ()})


@pytest.fixture
def web(store: Store, params: Serving, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.delenv(VARIABLE, raising=False)
    front = Front(name=TITLE, greeting=TITLE, sample=True, demo_customers=("C1001",), questions=())
    return build_web(Site(Ready(), Sessions(store.url, 60), local(params), front, demo_login=True))


def client(web: FastAPI, case: tuple[str, dict[str, str]]) -> TestClient:
    address, headers = case
    bearer = {"authorization": f"Bearer {session_token(None, 60)}"}
    return TestClient(web, client=(address, 50000), headers={"host": "", **headers, **bearer})


@pytest.mark.parametrize("name", FAR)
def test_others_are_told_from_this_machine(name: str) -> None:
    assert not is_local(connection(*FAR[name]), ())


@pytest.mark.parametrize("name", NEAR)
def test_this_machine_is_known(name: str) -> None:
    assert is_local(connection(*NEAR[name]), ())


def test_names_that_the_operator_opens_are_open_to_any_address() -> None:
    forwarded, named = {"host": "kefu.example:8000", "origin": "https://kefu.example:8000"}, ("kefu.example",)
    assert is_local(connection("172.17.0.1", forwarded), named)
    assert not is_local(connection("172.17.0.1", {**forwarded, "origin": "https://evil.example"}), named)
    assert not is_local(connection("172.17.0.1", {"host": "localhost"}), named)  # a name of here is for here


def test_every_route_that_takes_a_token_refuses_others_under_the_development_key(web: FastAPI) -> None:
    paths = web.openapi()["paths"]
    taking = {(method, path) for path, routes in paths.items() for method in routes if routes[method].get("security")}
    assert taking == BODIES.keys()
    for (method, path), body in BODIES.items():
        sent = {} if body is None else {"json": body}
        path = path.format(message="m1", case="c1")
        refused = client(web, FAR["a proxy that passes the name on"]).request(method, path, **sent)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "development_key"), path
        assert VARIABLE in refused.json()["error"]["message"]
        own = client(web, NEAR["an address"]).request(method, path, **sent)
        assert "development_key" not in own.text, path


def socket_says(web: FastAPI, case: tuple[str, dict[str, str]]) -> dict[str, Any]:
    """What a socket gets for a token that was never issued, before it is closed."""
    with client(web, case).websocket_connect("/v1/chat/ws") as socket:
        socket.send_json({"token": "x.y"})
        said: dict[str, Any] = socket.receive_json()
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    return said


def test_a_socket_refuses_others_under_the_development_key(web: FastAPI) -> None:
    assert socket_says(web, FAR["DNS rebinding"])["code"] == "development_key"
    assert socket_says(web, NEAR["an address"])["code"] == "bad_token"


@pytest.mark.parametrize("key", [None, "k" * 32])
def test_the_sample_sign_in_is_for_this_machine_with_any_key(
    web: FastAPI, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key:
        monkeypatch.setenv(VARIABLE, key)
    for name, case in {**FAR, **NEAR}.items():
        if "host" not in case[1]:
            continue  # httpx always sends one
        expected = (200, ["C1001"]) if name in NEAR else (404, [])
        login = client(web, case).post("/demo/login", json={"customer_id": "C1001"})
        shop = client(web, case).get("/v1/shop").json()
        assert (login.status_code, shop["demo_customers"]) == expected, name
    opened = client(web, FAR["a proxy that passes the name on"]).post("/v1/session", headers={"authorization": ""})
    assert opened.status_code == (200 if key else 403)  # a key of the shop's own serves everybody


def test_what_the_configuration_opens_to_others(params: Serving) -> None:
    own = local(params)
    assert allows_development(own)
    assert not allows_development(own.model_copy(update={"host": "0.0.0.0"}))
    assert allows_development(own.model_copy(update={"host": "0.0.0.0", "development_hosts": ("localhost",)}))


@pytest.mark.parametrize("name", ["https://kefu.example", "kefu.example:8000", "Kefu.example", "", "*"])
def test_a_name_that_is_none_is_refused(params: Serving, name: str) -> None:
    raw = params.model_dump() | {"development_hosts": [name]}
    with pytest.raises(ParamsError, match=r"serving\.development_hosts\.0: .*without scheme and port"):
        parse_section(Serving, raw, PARAMS, "serving")
