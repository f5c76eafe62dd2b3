"""How what is said reaches the customer: history, server-sent events, sockets; in order, once, to nobody else."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.testclient import TestClient

from serving.api.app import build_web
from serving.api.history import routes
from serving.api.tokens import customer_token, session_token
from serving.dialogue.assistant import Assistant
from serving.params import Serving
from serving.sessions import keys
from serving.sessions.store import Sessions
from serving.sessions.valkey import Store
from tests.fixtures.web import open_site, serving_over_http
from tests.serving.people.conftest import Agent, Customer, bearer, outcome


@pytest.fixture(scope="module")
def replica(_one: Assistant, params: Serving, store: Store) -> Iterator[str]:
    """Another replica, behind a socket of its own, with its own connections to the store."""
    sessions = Sessions(store.url, params.session_ttl_s)
    with serving_over_http(build_web(open_site(_one, params, sessions))) as url:
        yield url
    sessions.close()


def test_the_history_has_each_turn_in_order_and_reads_on_after_one(waiting: Customer, lin: Agent) -> None:
    lin.does("claim", waiting.case)
    lin.does("reply", waiting.case, text="您好，我是客服")
    waiting.says("您好")
    history = waiting.history()["messages"]
    assert [turn["role"] for turn in history] == [*["customer", "bot"] * 3, "agent", "customer"]
    assert [history[2]["text"], history[6]["agent"]] == ["QM2611100011", lin.name]
    assert waiting.history(history[5]["id"])["messages"] == history[6:]
    places = [tuple(map(int, turn["id"].split("-"))) for turn in history]
    assert places == sorted(set(places))


def test_an_answer_names_its_turn_also_when_the_message_comes_again(new_customer: Callable[..., Customer]) -> None:
    customer = new_customer()
    body = {"message": "你好", "id": "m-1"}
    said = [customer.web.post("/v1/chat", json=body, headers=bearer(customer.token)).json() for _ in range(2)]
    assert said[0] == said[1] and said[0]["reply"]["turn"] == customer.history()["messages"][-1]["id"]


def test_nobody_else_reads_the_history(waiting: Customer, web: TestClient, assistant: Assistant) -> None:
    assert web.get("/v1/messages").status_code == 401
    other = session_token("C1002", 60)
    assert web.get("/v1/messages", headers=bearer(other)).json()["messages"] == []
    stolen = session_token("C1002", 60, waiting.case)
    assert outcome(web.get("/v1/messages", headers=bearer(stolen))) == (403, "not_your_session")
    stranger = session_token(None, 60, waiting.case)
    assert outcome(web.get("/v1/messages", headers=bearer(stranger))) == (403, "not_your_session")
    assistant.sessions.client.delete(keys.session(waiting.case))  # forgotten: the case is still the customer's
    assert outcome(web.post("/v1/chat", json={"message": "x"}, headers=bearer(stranger))) == (403, "not_your_session")
    web.delete("/v1/sessions", headers=bearer(customer_token("C1001", 60)))
    assert outcome(web.get("/v1/messages", headers=bearer(waiting.token))) == (401, "token_revoked")


def test_a_new_session_has_no_turns_of_the_one_before(
    new_customer: Callable[..., Customer], assistant: Assistant
) -> None:
    customer = new_customer()
    customer.says("你好")
    assistant.sessions.client.delete(keys.session(customer.case))  # the store was short of memory
    assert customer.history()["messages"] == []
    customer.says("谢谢")
    assert [turn["text"] for turn in customer.history()["messages"]][:1] == ["谢谢"]


@pytest.mark.parametrize(
    ("query", "param"), [({"after": "x"}, "after"), ({"limit": "0"}, "limit"), ({"limit": "201"}, "limit")]
)
def test_a_place_that_is_none_is_refused(waiting: Customer, query: dict[str, str], param: str) -> None:
    answer = waiting.web.get("/v1/messages", params=query, headers=bearer(waiting.token))
    assert (*outcome(answer), answer.json()["error"]["param"]) == (400, "invalid_request", param)


def test_an_open_socket_gets_a_persons_words_and_one_that_comes_back_what_it_missed(
    waiting: Customer, lin: Agent, web: TestClient
) -> None:
    lin.does("claim", waiting.case)
    with web.websocket_connect("/v1/chat/ws") as socket:
        socket.send_json({"token": waiting.token, "after": waiting.history()["messages"][-1]["id"]})
        lin.does("reply", waiting.case, text="您好")
        event = socket.receive_json()
        assert (event["type"], event["text"], event["agent"]) == ("agent", "您好", lin.name)
        socket.send_json({"message": "您好"})
        assert [socket.receive_json()["type"] for _ in range(2)] == ["meta", "done"]
    lin.does("reply", waiting.case, text="订单我看到了")
    lin.does("hand-back", waiting.case)
    with web.websocket_connect("/v1/chat/ws") as socket:
        socket.send_json({"token": waiting.token, "after": event["id"]})
        missed = [socket.receive_json() for _ in range(3)]
    assert [turn["type"] for turn in missed] == ["customer", "agent", "bot"]
    assert [turn["id"] for turn in missed] == [turn["id"] for turn in waiting.history(event["id"])["messages"]]
    with web.websocket_connect("/v1/chat/ws") as socket:
        socket.send_json({"token": waiting.token, "after": "here"})
        assert (refused := socket.receive_json())["code"] == "invalid_request" and refused["param"] == "after"


def events_of(response: httpx.Response, wanted: int) -> list[dict[str, Any]]:
    """So many events of a stream, heartbeats left out."""
    found: list[dict[str, Any]] = []
    block: dict[str, str] = {}
    for line in response.iter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            block[name] = value
        elif not line and block:
            found.append({**block, "data": json.loads(block["data"])})
            block = {}
        if len(found) == wanted:
            break
    return found


def test_a_stream_has_what_was_said_and_what_comes_on_another_replica(
    waiting: Customer, lin: Agent, replica: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "HEARTBEAT_S", 1)
    lin.does("claim", waiting.case)
    history = waiting.history()["messages"]
    headers = bearer(waiting.token) | {"Accept": "text/event-stream", "Last-Event-ID": history[-2]["id"]}
    with httpx.stream("GET", f"{replica}/v1/messages", headers=headers, timeout=60) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        speak = threading.Timer(1.5, lambda: (waiting.says("在吗"), lin.does("reply", waiting.case, text="在的")))
        speak.start()
        events = events_of(response, 3)
        speak.join()
    said = [(event["event"], event["data"]["text"]) for event in events[1:]]
    assert said == [
        ("customer", "在吗"),
        ("agent", "在的"),
    ]
    assert [event["id"] for event in events] == [turn["id"] for turn in waiting.history(history[-2]["id"])["messages"]]


def test_a_stream_ends_with_the_patience_for_silent_connections(
    waiting: Customer, assistant: Assistant, params: Serving
) -> None:
    impatient = TestClient(build_web(open_site(assistant, params.model_copy(update={"idle_timeout_s": 0.2}))))
    stream = impatient.get("/v1/messages", headers=bearer(waiting.token) | {"Accept": "text/event-stream"})
    assert stream.status_code == 200 and stream.text.count("event: ") == 6


def test_a_turn_asks_the_store_twice_and_no_more(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for all that it needs, once for all that it changes: history, queue and news cost no further round trip."""
    client, here, asked = assistant.sessions.client, threading.current_thread(), list[str]()
    execute = client.execute_command

    def count(*command: Any, **options: Any) -> Any:
        if threading.current_thread() is here:  # the keeper has a thread of its own
            asked.append(str(command[0]))
        return execute(*command, **options)

    assistant.reply(uuid4().hex, None, "你好")  # the scripts are known to the store from here on
    monkeypatch.setattr(client, "execute_command", count)
    session = uuid4().hex
    for text in ("你好", "转人工", "人呢"):
        asked.clear()
        assistant.reply(session, None, text)
        assert asked == ["EVALSHA", "EVALSHA"]
