"""A message that comes again is answered as before and done once; what it changes is kept whole or not at all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from redis.exceptions import RedisError

from data.channels.base import Inputs, ParsedDialogue
from data.channels.params import Source
from data.channels.serving_log import parse
from kefu.shop.part import Text
from serving import conversation_log
from serving.api.app import build_web
from serving.api.schemas import ReleaseInfo
from serving.api.site import Front, Site
from serving.api.tokens import read_session, session_token
from serving.deploy.in_process import InProcessBackend
from serving.dialogue.assistant import Assistant
from serving.dialogue.messages import ReusedId
from serving.params import Serving
from serving.sessions import store as stores
from serving.sessions.store import SessionBusy, Sessions
from serving.sessions.valkey import Store

MINE = "QM2611100011"
TO_CONFIRMATION = ("我要退货", MINE, "颜色不合适")
Ask = Callable[[str, str], dict[str, Any]]  # text and message id → reply


@pytest.fixture
def token() -> str:
    return session_token("C1001", 600)


@pytest.fixture
def web(assistant: Assistant, store: Store, params: Serving) -> Iterator[TestClient]:
    title = Text(zh="店", en="shop")
    front = Front(name=title, greeting=title, sample=False, demo_customers=(), questions=())
    backend = InProcessBackend(assistant, ReleaseInfo(version="1", content_hash="0", profile="micro"), params)
    with TestClient(build_web(Site(backend, Sessions(store.url, 60), params, front, False))) as client:
        yield client


def over_http(web: TestClient, token: str) -> Ask:
    def ask(text: str, message: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        said: dict[str, Any] = web.post("/v1/chat", json={"message": text, "id": message}, headers=headers).json()
        assert said["id"] == message
        return dict(said["reply"])

    return ask


def over_sse(web: TestClient, token: str) -> Ask:
    def ask(text: str, message: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        body = {"message": text, "id": message, "stream": True}
        events = web.post("/v1/chat", json=body, headers=headers).text.strip().split("\n\n")
        data = [json.loads(event.split("\ndata: ")[1]) for event in events]
        assert data[0]["id"] == message and "".join(d["text"] for d in data[1:-1]) == data[-1]["text"]
        return dict(data[-1])

    return ask


def over_ws(web: TestClient, token: str) -> Ask:
    def ask(text: str, message: str) -> dict[str, Any]:
        with web.websocket_connect("/v1/chat/ws") as socket:
            socket.send_json({"token": token})
            socket.send_json({"message": text, "id": message})
            assert socket.receive_json()["id"] == message
            while (event := socket.receive_json())["type"] == "delta":
                pass
        assert event.pop("type") == "done"
        return dict(event)

    return ask


def logged(assistant: Assistant, session: str) -> list[str]:
    """The roles of a session's turns, as the next day reads them."""
    assert assistant.log
    files = sorted(assistant.log.raw.glob("dt=*/*.jsonl"))
    found = parse(Inputs(files, Source(name="serving", channel="serving_log")))
    return [t.role for d in found if isinstance(d, ParsedDialogue) and d.session == session for t in d.turns]


def submitted(assistant: Assistant) -> object:
    rows = assistant.tools.call("get_order", {"order_id": MINE}, "C1001", "2026-11-16T10:00:00+08:00").rows
    return rows[0]["return_status"]


@pytest.mark.parametrize("channel", [over_http, over_sse, over_ws])
def test_a_message_that_comes_again_over_a_channel_is_done_once(
    assistant: Assistant, web: TestClient, token: str, channel: Callable[[TestClient, str], Ask]
) -> None:
    session, ask = read_session(token).session, channel(web, token)
    for text in TO_CONFIRMATION:
        ask(text, uuid4().hex)
    first = ask("好的", "m-4")
    assert submitted(assistant) == "requested" and first["outcome"] == "resolved"
    assert [again("好的", "m-4") for again in (ask, over_http(web, token))] == [first, first]
    assert [t.role for t in assistant.sessions.load(session, "C1001").turns] == ["customer", "bot"] * 4
    assert logged(assistant, session) == ["customer", "bot"] * 4
    assert ask("好的", "m-5")["outcome"] != "resolved"  # the same words with an id of their own are a new message


def test_an_openai_client_has_a_header_for_it(assistant: Assistant, web: TestClient, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k-1"}
    body = {"model": "kefu", "messages": [{"role": "user", "content": "我要退货"}]}
    said = [web.post("/v1/chat/completions", json=body, headers=headers).json()["choices"] for _ in range(2)]
    assert said[0] == said[1] and len(assistant.sessions.load(read_session(token).session, "C1001").turns) == 2
    bad = web.post("/v1/chat/completions", json=body, headers={**headers, "Idempotency-Key": "a b"})
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("bad", ["", "a b", "x" * 65, "号"])
def test_an_id_that_is_none_is_refused(web: TestClient, token: str, bad: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = web.post("/v1/chat", json={"message": "你好", "id": bad}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "id")


def test_an_id_is_of_one_text_and_of_one_session(assistant: Assistant, web: TestClient, token: str) -> None:
    over_http(web, token)("你好", "m-1")
    headers = {"Authorization": f"Bearer {token}"}
    other = web.post("/v1/chat", json={"message": "我要退货", "id": "m-1"}, headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "message_id_reused")
    with pytest.raises(ReusedId, match="an id of its own"):
        assistant.reply(read_session(token).session, "C1001", "我要退货", message="m-1")
    assert over_http(web, session_token("C1001", 600))("我要退货", "m-1")["asks"] == "order_number"


def test_a_commit_that_fails_leaves_nothing_and_the_message_may_come_again(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = uuid4().hex
    assistant.reply(session, None, "你好", message="m-1")

    def fails(*_: object, **__: object) -> None:
        raise RedisError("the connection broke")

    with monkeypatch.context() as broken, pytest.raises(RedisError):
        broken.setattr(assistant.sessions, "commit", fails)
        assistant.reply(session, None, "转人工", message="m-2")
    assert len(assistant.sessions.load(session, None).turns) == 2
    assert logged(assistant, f"{session}.stranger") == ["customer", "bot"]
    assert not [h for h in assistant.sessions.handoffs() if h.session == session]
    assert assistant.reply(session, None, "转人工", message="m-2").outcome == "handoff"
    assert len([h for h in assistant.sessions.handoffs() if h.session == session]) == 1
    assert logged(assistant, f"{session}.stranger") == ["customer", "bot"] * 2


def test_a_full_disk_stops_no_answer_and_loses_no_turn(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session, log = uuid4().hex, assistant.log
    assert log
    (tmp_path / "file").write_text("no folder can be made here")
    with monkeypatch.context() as full:
        full.setattr(log, "raw", tmp_path / "file" / "raw")
        assert assistant.reply(session, "C1001", "你好").route == "chitchat"
    assert logged(assistant, session) == []
    assert log.recover(assistant.sessions) == 0  # it may be on its way: only what is old is taken up
    monkeypatch.setattr(conversation_log, "ORPHAN_S", -1)
    waiting = dict(assistant.sessions.unlogged())
    assert log.recover(assistant.sessions) == len(waiting) > 0
    assert logged(assistant, session) == ["customer", "bot"]
    for lines in waiting.values():  # a writer died before it could say that it had written
        log.append(lines)
    assert logged(assistant, session) == ["customer", "bot"]


def test_a_dead_holder_frees_the_session_and_a_late_one_changes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "LEASE_S", 1)
    late, other, session = Sessions(store.url, 60), Sessions(store.url, 60), uuid4().hex
    with pytest.raises(SessionBusy, match="another message was answered"), late.hold(session, None) as held:
        late._keeper._leases.clear()  # it does not live: nothing renews its lease
        with other.hold(session, None) as second:
            second.session.misses = 2
            other.commit(second, "", "")
        held.session.misses = 1
        late.commit(held, "", "")
    assert other.load(session, None).misses == 2


def test_a_holder_that_lives_keeps_the_session(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "LEASE_S", 2)
    slow, other, session = Sessions(store.url, 60), Sessions(store.url, 60), uuid4().hex
    with slow.hold(session, None) as held:
        time.sleep(3)
        monkeypatch.setattr(stores, "WAIT_S", 0)
        with pytest.raises(SessionBusy, match="still being answered"), other.hold(session, None):
            pass
        slow.commit(held, "", "")
    with other.hold(session, None):
        pass
