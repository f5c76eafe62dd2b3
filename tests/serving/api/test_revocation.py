"""Tokens that are taken back: a session's by signing out, all of a customer's at once; over replicas and channels."""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from kefu.privacy.pseudonyms import pseudonym
from serving.api import tokens
from serving.api.app import build_web
from serving.api.tokens import customer_token, read_session, session_token
from serving.dialogue.assistant import Assistant
from serving.params import Serving
from serving.sessions.keys import REVOKED
from serving.sessions.revocations import Revocations, TokenRevoked, customer_tokens, session_tokens
from serving.sessions.session import Session
from serving.sessions.store import Sessions
from serving.sessions.valkey import Store
from tests.fixtures.web import open_site
from tests.serving.test_web import Scripted, Web

MESSAGES = [{"role": "user", "content": "你好"}]
DAY_S = 86_400


@pytest.fixture
def web(assistant: Assistant, params: Serving) -> TestClient:
    return TestClient(build_web(open_site(assistant, params)))


@pytest.fixture
def replica(assistant: Assistant, params: Serving, store: Store) -> TestClient:
    """Another one, with its own connection to the store."""
    return TestClient(build_web(open_site(assistant, params, Sessions(store.url, 60))))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def outcome(answer: Any) -> tuple[int, str]:
    """Status and error code of an answer."""
    return answer.status_code, answer.json()["error"]["code"] if answer.content and answer.status_code >= 400 else ""


def says(web: TestClient, token: str) -> tuple[int, str]:
    return outcome(web.post("/v1/chat", json={"message": "你好"}, headers=bearer(token)))


def socket_says(web: TestClient, token: str) -> tuple[int, str]:
    """Close code and error code; a socket of a token that was taken back ends with its first message."""
    with web.websocket_connect("/v1/chat/ws") as socket:
        socket.send_json({"token": token})
        socket.send_json({"message": "你好"})
        frames: list[dict[str, Any]] = []
        with pytest.raises(WebSocketDisconnect) as closed:
            while not frames or frames[-1]["type"] != "done":
                frames.append(socket.receive_json())
    return closed.value.code, frames[-1]["code"]


@pytest.mark.parametrize("customer", [None, "C1001"])
def test_signing_out_ends_the_session_on_every_channel_and_replica(
    web: TestClient, replica: TestClient, assistant: Assistant, customer: str | None
) -> None:
    token, other = session_token(customer, 600), session_token(customer, 600)
    assert says(web, token)[0] == 200
    signed_out = web.delete("/v1/session", headers=bearer(token))
    assert (signed_out.status_code, signed_out.content) == (204, b"")
    assert assistant.sessions.client.get(f"kefu:session:{read_session(token).session}") is None
    refused = (401, "token_revoked")
    for door in (web, replica):
        assert says(door, token) == refused
        assert outcome(door.delete("/v1/session", headers=bearer(token))) == refused
        for model in ("kefu", "kefu-edge"):
            body = {"model": model, "messages": MESSAGES, "stream": True}
            assert outcome(door.post("/v1/chat/completions", json=body, headers=bearer(token))) == refused
        own = bearer(customer_token("C1001", 60))
        assert outcome(door.post("/v1/session", json={"continue": token}, headers=own)) == refused
        assert socket_says(door, token) == (1008, "token_revoked")
        assert says(door, other)[0] == 200  # another session of the same customer


def test_a_customer_is_signed_out_everywhere(web: TestClient, replica: TestClient) -> None:
    customer = f"C{uuid4().hex}"
    before, neighbour, mine = session_token(customer, 600), session_token("C1002", 600), customer_token(customer, 600)
    assert says(web, before)[0] == 200
    assert web.delete("/v1/sessions", headers=bearer(mine)).status_code == 204
    for door in (web, replica):
        assert says(door, before) == (401, "token_revoked")
        for opening in (None, {"continue": before}):
            assert outcome(door.post("/v1/session", json=opening, headers=bearer(mine))) == (401, "token_revoked")
        assert says(door, neighbour)[0] == 200
    again = web.post("/v1/session", headers=bearer(customer_token(customer, 600))).json()["token"]
    assert says(replica, again)[0] == 200
    stranger = session_token(None, 600)
    goes_on = web.post("/v1/session", json={"continue": stranger}, headers=bearer(customer_token(customer, 600)))
    assert goes_on.status_code == 200


def test_who_may_take_back_what(web: TestClient) -> None:
    session, customer = session_token("C1001", 600), customer_token("C1001", 600)
    for token in (session, "x.y"):
        assert outcome(web.delete("/v1/sessions", headers=bearer(token))) == (401, "bad_token")
    assert outcome(web.delete("/v1/sessions")) == (401, "no_customer")
    assert outcome(web.delete("/v1/session", headers=bearer(customer))) == (401, "bad_token")
    taken_over = session_token(None, 600)
    web.post("/v1/session", json={"continue": taken_over}, headers=bearer(customer))
    assert outcome(web.delete("/v1/session", headers=bearer(taken_over))) == (403, "not_your_session")
    assert says(web, session)[0] == 200


def test_a_customer_token_lasts_no_longer_than_it_is_known(
    web: TestClient, params: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest_s = params.session_token_s
    for seconds, status in ((longest_s, 200), (longest_s + 60, 401)):
        assert web.post("/v1/session", headers=bearer(customer_token("C1001", seconds))).status_code == status
    nearly_over = customer_token("C1001", DAY_S)
    now = time.time() + DAY_S - 60
    monkeypatch.setattr(tokens.time, "time", lambda: now)
    assert web.post("/v1/session", headers=bearer(nearly_over)).status_code == 401  # what is left does not count


def test_a_token_without_its_time_is_as_old_as_can_be(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the versions before made them: a session's goes on, a customer's is refused."""
    customer, signed = f"C{uuid4().hex}", tokens.json.dumps

    def without(payload: dict[str, Any], **more: Any) -> str:
        return signed({name: value for name, value in payload.items() if name != "issued"}, **more)

    with monkeypatch.context() as patch:
        patch.setattr(tokens.json, "dumps", without)
        session, known = session_token(customer, 600), customer_token(customer, 600)
    assert says(web, session)[0] == 200
    assert outcome(web.post("/v1/session", headers=bearer(known))) == (401, "bad_token")
    web.delete("/v1/sessions", headers=bearer(customer_token(customer, 600)))
    assert says(web, session) == (401, "token_revoked")


def test_a_stranger_whom_a_flow_identified_is_signed_out_with_the_customer(store: Store) -> None:
    sessions, issued = Sessions(store.url, 60), time.time()
    session = Session(id=uuid4().hex, customer=f"C{uuid4().hex}", identified=True)
    sessions.save(session)
    with sessions.hold(session.id, None, issued=issued) as held:
        assert held.session.customer == session.customer
    sessions.revocations.revoke(customer_tokens(session.customer), 60)
    with pytest.raises(TokenRevoked), sessions.hold(session.id, None, issued=issued):
        pass
    with sessions.hold(session.id, None, issued=time.time()):  # nor is it locked
        pass


def test_a_message_is_not_asked_for_twice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look-up is part of the one command that loads the session."""
    sessions = Sessions(store.url, 60)

    def commands(issued: float | None) -> int:
        sent: list[Any] = []
        send = sessions.client.execute_command

        def counted(*command: Any, **more: Any) -> Any:
            sent.append(command)
            return send(*command, **more)

        with monkeypatch.context() as patch:
            patch.setattr(sessions.client, "execute_command", counted)
            with sessions.hold(uuid4().hex, "C1001", issued=issued) as held:
                sessions.commit(held, answer="", log="")
        return len(sent)

    commands(None)  # loads the scripts
    assert commands(time.time()) == commands(None) == 2


def test_signing_out_waits_for_the_answer_before_it(store: Store) -> None:
    sessions, session, issued = Sessions(store.url, 60), uuid4().hex, time.time()
    ended: list[float] = []

    def sign_out() -> None:
        sessions.end(session, None, issued, 60)
        ended.append(time.monotonic())

    with sessions.hold(session, None, issued=issued) as held:
        thread = threading.Thread(target=sign_out)
        thread.start()
        time.sleep(0.1)
        sessions.commit(held, answer="", log="")
        committed = time.monotonic()
    thread.join(10)
    assert len(ended) == 1 and ended[0] >= committed
    assert sessions.client.get(f"kefu:session:{session}") is None
    with pytest.raises(TokenRevoked), sessions.hold(session, None, issued=issued):
        pass


def test_what_is_older_than_any_token_goes(store: Store) -> None:
    revocations = Revocations(Sessions(store.url, 60).client, f"test:{uuid4().hex}")
    revocations.revoke("session:a", longest_s=60)
    revocations.revoke("session:b", longest_s=60)
    for whose in ("session:a", "session:b"):
        with pytest.raises(TokenRevoked):
            revocations.check(time.time() - 1, whose)
    time.sleep(0.02)
    revocations.revoke("session:c", longest_s=0)
    revocations.check(0.0, "session:a", "session:b", "")


def test_the_store_knows_no_customers_name(store: Store) -> None:
    sessions, customer = Sessions(store.url, 60), f"C{uuid4().hex}"
    sessions.revocations.revoke(customer_tokens(customer), 60)
    sessions.revocations.revoke(session_tokens("s-1"), 60)
    names = sessions.client.zrange(REVOKED, 0, -1)
    assert {"session:s-1", f"customer:{pseudonym(customer)}"} <= set(names) and customer not in str(names)
    assert sessions.client.ttl(REVOKED) == -1  # a store that is short of memory drops what has an end


def test_a_store_that_is_away_takes_nothing_back(params: Serving) -> None:
    web = Web(Scripted(), "unix:///nowhere/valkey.sock", params)
    refused = web.client.delete("/v1/session", headers=web.headers)
    assert outcome(refused) == (503, "unavailable") and int(refused.headers["Retry-After"]) > 0
