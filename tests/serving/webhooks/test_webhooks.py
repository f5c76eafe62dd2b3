"""The shop is told of hand-overs: at least once, signed, from the store, whatever dies or fails meanwhile."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from kefu.errors import Unusable
from pipelines.params import load_params
from serving.params import Serving
from serving.rating import Ratings
from serving.sessions import keys
from serving.sessions import webhooks as waiting
from serving.sessions.cases import Handoff
from serving.sessions.limits import Limits
from serving.sessions.session import SaidTurn
from serving.sessions.store import Sessions, owner
from serving.sessions.valkey import Store, embedded_store
from serving.sessions.webhooks import WebhookQueue
from serving.webhooks.sender import HELD_S, WebhookSender
from serving.webhooks.signature import PREFIX, VARIABLE, headers, webhook_secrets

KEY = b"a key of 24 bytes or more"
SECRET = PREFIX + base64.b64encode(KEY).decode()


@dataclass
class Shop:
    """A server that answers with these statuses, one after the other, and then with 204."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def open_shop(*statuses: int) -> Iterator[Shop]:
    shop = Shop(statuses=list(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            shop.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(shop.statuses.pop(0) if shop.statuses else 204)
            self.send_header("Location", f"{shop.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shop.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield shop
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def own_store() -> Iterator[Store]:
    """A store of its own: the queue is one for all."""
    with closing(embedded_store()) as store:
        yield store


@pytest.fixture
def sessions(own_store: Store) -> Iterator[Sessions]:
    with closing(Sessions(own_store.url, 60, Limits(), webhooks=True)) as opened:
        opened.client.flushall()
        yield opened


def sender(sessions: Sessions, shop: Shop, *pauses_s: float) -> WebhookSender:
    return WebhookSender(WebhookQueue(sessions.client), shop.url, [KEY], pauses_s)


def ask_for_a_person(sessions: Sessions, danger: str | None = None) -> str:
    session = uuid4().hex
    with sessions.hold(session, "C1001") as held:
        case = Handoff(
            session=session,
            customer=owner(held.session),
            time="2026-11-29T10:00:00+08:00",
            lang="zh",
            intent="human_agent",
            flow=None,
            slots={"phone": "[PHONE_1]"},
            turns=[],
            danger=danger,
        )
        held.session.vault["[PHONE_1]"] = "13800001234"
        sessions.commit(held, "", "", case)
    return session


def events(shop: Shop) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in shop.got]


def test_the_shop_hears_of_the_opening_and_the_closing_and_of_nothing_else(sessions: Sessions) -> None:
    with open_shop() as shop:
        session = ask_for_a_person(sessions, danger="self_harm")
        with sessions.hold_case(session) as held:
            assert held.waiting
            sessions.commit(held, "", "", held.waiting.model_copy(update={"agent": "lin"}))
        for agent in (None, "mei"):  # given back to the queue, and taken again
            with sessions.hold_case(session) as held:
                assert held.waiting
                sessions.commit(held, "", "", held.waiting.model_copy(update={"agent": agent}))
        with sessions.hold_case(session) as held:
            held.session.status = "closed"
            sessions.commit(held, "", "", withdrawn=True)
        with sessions.hold(session, "C1001") as held:
            sessions.commit(held, "", "")
        assert sender(sessions, shop).send_due() == 3
        opened, again, closed = events(shop)
    assert [one["type"] for one in (opened, again, closed)] == ["handover.opened"] * 2 + ["conversation.closed"]
    assert opened["data"] == again["data"] == closed["data"] == {"case": session, "reason": "asked", "urgency": "high"}
    assert not any(private in body for _, body in shop.got for private in (b"13800001234", b"C1001", b"self_harm"))


def test_the_shop_hears_of_a_rating(sessions: Sessions) -> None:
    session = uuid4().hex
    with open_shop() as shop:
        with sessions.hold(session, "C1001") as held:
            held.session.remember(SaidTurn(role="customer", text="你好"))
            sessions.commit(held, "", "")
        Ratings(sessions, ZoneInfo("Asia/Shanghai"), None).rate(session, "C1001", 4)
        assert sender(sessions, shop).send_due() == 1
        (rated,) = events(shop)
    assert (rated["type"], rated["data"]) == ("conversation.rated", {"session": session, "csat": 4})


def test_what_fails_comes_again_with_its_id_and_is_signed_anew(sessions: Sessions) -> None:
    with open_shop(500, 302) as shop:
        ask_for_a_person(sessions)
        one = sender(sessions, shop, 0.05, 0.05)
        end = time.monotonic() + 30
        while len(shop.got) < 3:
            assert time.monotonic() < end
            one.send_due()
            time.sleep(0.02)
        assert one.send_due() == 0  # the shop has it
    assert len({head["webhook-id"] for head, _ in shop.got}) == 1 and len({body for _, body in shop.got}) == 1
    for head, body in shop.got:
        signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(KEY, signed, "sha256")).decode()
        assert head["webhook-signature"] == f"v1,{expected}"
        assert abs(int(head["webhook-timestamp"]) - time.time()) < 60
    assert not sessions.client.exists(keys.WEBHOOKS, keys.WEBHOOKS_DUE, keys.WEBHOOKS_LOST)


def test_what_a_sender_that_died_had_taken_is_sent_by_another(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_for_a_person(sessions)
    dead, now = WebhookQueue(sessions.client).take(HELD_S), time.time
    assert dead
    with open_shop() as shop:
        other = sender(sessions, shop)
        assert other.send_due() == 0  # it may live yet
        monkeypatch.setattr(time, "time", lambda: now() + HELD_S + 1)
        assert other.send_due() == 1
        assert shop.got[0][0]["webhook-id"] == dead.id


def test_what_is_sent_in_vain_is_given_up_counted_and_kept(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    session = ask_for_a_person(sessions)
    with open_shop(500, 500, 500) as shop, caplog.at_level(logging.ERROR):
        one = sender(sessions, shop, 0, 0)
        assert one.send_due() == 3
    client = sessions.client
    assert client.get(keys.WEBHOOKS_LOST) == "1" and not client.exists(keys.WEBHOOKS, keys.WEBHOOKS_DUE)
    assert session in str(client.lindex(keys.WEBHOOKS_GIVEN_UP, 0)) and "given up after 3 tries" in caplog.text


def test_a_shop_that_is_away_is_no_defect(sessions: Sessions) -> None:
    ask_for_a_person(sessions)
    assert sender(sessions, Shop(url="http://127.0.0.1:9"), 60).send_due() == 1
    assert sessions.client.hlen(keys.WEBHOOKS) == 1


def test_too_many_that_wait_are_counted_and_stop_no_answer(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.sessions.store.KEPT_WEBHOOKS", 2)
    for _ in range(3):
        ask_for_a_person(sessions)
    assert (sessions.client.hlen(keys.WEBHOOKS), sessions.client.get(keys.WEBHOOKS_LOST)) == (2, "1")
    assert len(sessions.handoffs()) == 3 and waiting.KEPT > 2


def test_without_an_address_nothing_is_kept(own_store: Store, sessions: Sessions) -> None:
    with closing(Sessions(own_store.url, 60)) as silent:
        ask_for_a_person(silent)
    assert not sessions.client.exists(keys.WEBHOOKS, keys.WEBHOOKS_DUE)


def test_two_secrets_sign_while_one_takes_the_others_place(monkeypatch: pytest.MonkeyPatch) -> None:
    other = b"another key of 24 bytes or more"
    monkeypatch.setenv(VARIABLE, f"{SECRET} {PREFIX}{base64.b64encode(other).decode()}")
    assert webhook_secrets() == [KEY, other]
    both = headers("msg_1", 1, b"{}", webhook_secrets())["webhook-signature"].split()
    assert both == [headers("msg_1", 1, b"{}", [key])["webhook-signature"] for key in (KEY, other)]


@pytest.mark.parametrize("value", ["", "whsec_", "whsec_c2hvcnQ=", SECRET.removeprefix(PREFIX), "whsec_!!!"])
def test_what_is_no_secret_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(Unusable, match=VARIABLE):
        webhook_secrets()


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://shop.example.com/kefu", True),
        ("http://127.0.0.1:9000/kefu", True),
        ("http://localhost/kefu", True),
        ("http://shop.example.com/kefu", False),
        ("http://127.0.0.1.example.com/", False),
        ("https://me:pass@shop.example.com/", False),
        ("ftp://shop.example.com/", False),
        ("https:///kefu", False),
    ],
)
def test_an_address_is_https_or_this_machine(url: str, allowed: bool) -> None:
    raw = load_params().serving.model_dump() | {"webhook_url": url}
    if allowed:
        assert Serving.model_validate(raw).webhook_url == url
    else:
        with pytest.raises(ValueError, match="webhook_url"):
            Serving.model_validate(raw)
