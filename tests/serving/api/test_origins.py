"""Pages of other sites: which may call the server from a browser, and what they can read of its errors."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from kefu.params import ParamsError, parse_section
from kefu.paths import PARAMS
from kefu.privacy.pseudonyms import VARIABLE
from serving.api.app import MOST_BYTES
from serving.params import Serving
from serving.sessions.valkey import Store
from tests.serving.test_web import Scripted, Web

SHOP, BELOW, OTHER = "https://shop.example.com", "https://a.b.example.org", "https://evil.example"
ALLOWED = (SHOP, "https://*.example.org", "http://localhost:3000")
FOREIGN = [
    OTHER,
    "http://shop.example.com",
    f"{SHOP}:8443",
    f"{SHOP}.evil.example",
    "https://shopXexample.com",
    "https://example.org",
    "https://evilexample.org",
    "https://evil.example/.example.org",
    "http://a.example.org",
    "null",
]
ALLOW = "access-control-allow-origin"


def open_to(store: Store, params: Serving, *allowed: str) -> Web:
    return Web(Scripted(first="well"), store.url, params.model_copy(update={"allowed_origins": allowed}))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The development key is for this machine's own pages."""
    monkeypatch.setenv(VARIABLE, "k" * 32)


@pytest.fixture
def web(store: Store, params: Serving) -> Web:
    return open_to(store, params, *ALLOWED)


def preflight(web: Web, origin: str, method: str = "POST") -> Any:
    asked = {"access-control-request-method": method, "access-control-request-headers": "authorization,x-stainless-os"}
    return web.client.options("/v1/chat", headers={"origin": origin, **asked})


@pytest.mark.parametrize("origin", [SHOP, BELOW, "http://localhost:3000"])
def test_a_page_that_is_named_may_ask_and_read(web: Web, origin: str) -> None:
    for method in ("POST", "DELETE"):
        asked = preflight(web, origin, method)
        assert (asked.status_code, asked.headers[ALLOW]) == (200, origin)
        assert "authorization" in asked.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in asked.headers
    opened = web.client.post("/v1/session", headers={"origin": origin})
    assert (opened.status_code, opened.headers[ALLOW]) == (200, origin) and "Origin" in opened.headers["vary"]


@pytest.mark.parametrize("origin", FOREIGN)
def test_another_page_may_not(web: Web, origin: str) -> None:
    refused = preflight(web, origin)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_not_allowed")
    assert ALLOW not in refused.headers
    assert ALLOW not in web.client.post("/v1/session", headers={"origin": origin}).headers


def test_a_page_reads_every_error(store: Store, params: Serving) -> None:
    few = params.model_copy(update={"messages_per_minute": 1, "allowed_origins": ALLOWED})
    web = Web(Scripted(KeyError("slot")), store.url, few)
    origin = {"origin": SHOP}
    large = b'{"message": "' + b"x" * MOST_BYTES + b'"}'
    answers = [
        web.client.post("/v1/chat", json={"message": "hi"}, headers=origin),
        web.client.post("/v1/chat", content=large, headers={**origin, **web.headers}),
        web.client.post("/v1/chat", json={"message": "hi"}, headers={**origin, **web.headers}),
        *(web.client.post("/v1/chat", json={"message": "hi"}, headers={**origin, **web.headers}) for _ in range(3)),
        web.client.get("/nowhere", headers=origin),
    ]
    statuses = [answer.status_code for answer in answers]
    assert {401, 413, 500, 429, 404} <= set(statuses), statuses
    assert all(answer.headers[ALLOW] == SHOP for answer in answers)
    assert "Retry-After" in answers[0].headers["access-control-expose-headers"]


def test_without_a_list_there_is_no_cors(store: Store, params: Serving) -> None:
    web = open_to(store, params)
    assert preflight(web, SHOP).status_code == 405
    assert ALLOW not in web.client.post("/v1/session", headers={"origin": SHOP}).headers


def socket_code(web: Web, origin: str | None, host: str = "testserver") -> str:
    """The code of the error that a socket gets, or 'open' when it is answered."""
    headers = {"host": host, **({"origin": origin} if origin else {})}
    with web.client.websocket_connect("/v1/chat/ws", headers=headers) as socket:
        socket.send_json({"token": web.token})
        socket.send_json({"message": "hi"})
        first: dict[str, str] = socket.receive_json()
        if first["type"] == "meta":
            return "open"
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 1008
        return first["code"]


def test_a_socket_is_for_the_own_page_and_those_that_are_named(store: Store, params: Serving, web: Web) -> None:
    for origin in (None, "http://testserver", "https://testserver", SHOP, BELOW):  # behind TLS the scheme is another
        assert socket_code(web, origin) == "open", origin
    for origin in [*FOREIGN, "http://testserver:81", "http://testserver.evil.example"]:
        assert socket_code(web, origin) == "origin_not_allowed", origin
    alone = open_to(store, params)
    assert [socket_code(alone, origin) for origin in (None, "http://testserver")] == ["open", "open"]
    assert socket_code(alone, SHOP) == "origin_not_allowed"


@pytest.mark.parametrize(
    "origin", ["*", "shop.example.com", f"{SHOP}/", "https://*", "http://*.example.com", "https://Shop.example.com"]
)
def test_an_origin_that_is_none_is_refused_by_its_name(params: Serving, origin: str) -> None:
    raw = params.model_dump() | {"allowed_origins": [origin]}
    with pytest.raises(ParamsError, match=r"serving\.allowed_origins\.0: .*must be an origin"):
        parse_section(Serving, raw, PARAMS, "serving")
