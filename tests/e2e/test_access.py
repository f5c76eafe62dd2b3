"""The server from outside: every channel, who may do what, and what goes wrong in which way."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from websockets.sync.client import connect

from data.channels.base import ParsedDialogue
from data.channels.params import Source
from data.channels.reading.files import Inputs
from data.channels.serving_log import parse
from serving.api.tokens import agent_token, session_token
from serving.deploy.client import CHANNELS, open_session
from serving.deploy.demo import converse
from serving.deploy.launch import Server


def headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_ready_says_which_release(server: Server) -> None:
    ready = httpx.get(f"{server.url}/readyz")
    assert ready.status_code == 200 and ready.json()["content_hash"] == server.plan.content_hash
    assert httpx.get(f"{server.url}/healthz").json() == {"status": "ok"}


def test_the_demo_conversation(server: Server) -> None:
    turns = converse(server.url)
    first = [t for t in turns if t["conversation"] == turns[0]["conversation"]]
    assert {"order_number", "return_reason", "confirm"} <= {t["asks"] for t in first}
    assert first[-1]["outcome"] == "resolved" and {t["channel"] for t in turns} == {"http", "sse", "ws"}
    assert all(t["text"].strip() and t["latency_ms"] > 0 for t in turns)


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_goes_on_with_the_same_session(url: str, channel: str) -> None:
    session = open_session(url, "C1002")
    assert CHANNELS["http"](session, "我要退货")["asks"] == "order_number"
    assert CHANNELS[channel](session, "QM0000000000")["asks"] == "order_number"


def test_sse_format(url: str) -> None:
    session = open_session(url, None)
    request = {"headers": headers(session.token) | {"Accept": "text/event-stream"}, "json": {"message": "你好"}}
    with httpx.stream("POST", f"{url}/v1/chat", **request) as response:  # type: ignore[arg-type]
        body = response.read().decode()
    assert response.headers["content-type"].startswith("text/event-stream") and body.endswith("\n\n")
    events = [dict(line.split(": ", 1) for line in block.split("\n")) for block in body.strip().split("\n\n")]
    names = [event["event"] for event in events]
    data = [json.loads(event["data"]) for event in events]
    assert names[0] == "meta" and names[-1] == "done" and set(names[1:-1]) == {"delta"}
    assert data[0]["session"] == session.id and "".join(d["text"] for d in data[1:-1]) == data[-1]["text"]


def test_websocket_tells_what_is_wrong_and_stays_open(url: str) -> None:
    session = open_session(url, None)
    with connect(url.replace("http", "ws") + "/v1/chat/ws") as socket:
        socket.send(json.dumps({"token": session.token}))
        socket.send(json.dumps({"message": " "}))
        kinds = [json.loads(socket.recv(20)) for _ in range(2)]
        assert kinds[-1]["type"] == "error" and kinds[-1]["code"] == "bad_message"
        socket.send(json.dumps({"message": "你好"}))
        while (event := json.loads(socket.recv(20)))["type"] != "done":
            pass
        assert event["route"] == "chitchat"


def test_websocket_refuses_a_bad_token(url: str) -> None:
    with connect(url.replace("http", "ws") + "/v1/chat/ws") as socket:
        socket.send(json.dumps({"token": "forged.token"}))
        assert json.loads(socket.recv(20))["code"] == "bad_token"


@pytest.mark.parametrize("model", ["kefu", "kefu-edge", "kefu-centre"])
def test_openai_completion_and_stream_agree(url: str, model: str) -> None:
    token = open_session(url, None).token
    body = {"model": model, "messages": [{"role": "user", "content": "你好"}], "max_tokens": 8, "temperature": 0}
    whole = httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers(token), timeout=60).json()
    assert whole["object"] == "chat.completion" and whole["model"] == model
    choice = whole["choices"][0]
    assert choice["message"]["role"] == "assistant"
    assert choice["finish_reason"] in ({"stop"} if model == "kefu" else {"stop", "length", "content_filter"})
    streamed = httpx.post(
        f"{url}/v1/chat/completions", json=body | {"stream": True}, headers=headers(token), timeout=60
    )
    lines = [line.removeprefix("data: ") for line in streamed.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    assert {c["object"] for c in chunks} == {"chat.completion.chunk"} and len({c["id"] for c in chunks}) == 1
    assert chunks[-1]["choices"][0]["finish_reason"] == choice["finish_reason"]
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks) == choice["message"]["content"]


def test_openai_errors_have_openais_form(url: str) -> None:
    token = open_session(url, None).token
    body = {"model": "gpt-4", "messages": [{"role": "user", "content": "hi"}]}
    wrong = httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers(token))
    assert wrong.status_code == 404 and wrong.json()["error"].keys() == {"message", "type", "param", "code"}
    assert wrong.json()["error"]["code"] == "model_not_found"
    assert httpx.post(f"{url}/v1/chat/completions", json=body | {"model": "kefu"}).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"message": ""}, 400, "bad_message"),
        ({"message": "x" * 2001}, 400, "bad_message"),
        ({"massage": "x"}, 400, "invalid_request"),
        ({"message": "x" * 300_000}, 413, "too_large"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_bad_messages_get_their_status(url: str, body: dict[str, str], status: int, code: str, stream: bool) -> None:
    token = open_session(url, None).token
    answer = httpx.post(f"{url}/v1/chat", json=body | {"stream": stream}, headers=headers(token), timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_token_opens_only_its_own_session(url: str) -> None:
    first, second = open_session(url, "C1001"), open_session(url, "C1002")
    assert CHANNELS["http"](first, "我要退货")["asks"] == "order_number"
    assert CHANNELS["http"](second, "QM2611100011")["flow"] is None  # not C1001's flow
    for bad in ("none", "x.y", first.token[:-3] + "AAA", second.token.split(".")[0] + "." + first.token.split(".")[1]):
        answer = httpx.post(f"{url}/v1/chat", json={"message": "你好"}, headers=headers(bad))
        assert answer.status_code == 401
    assert httpx.post(f"{url}/v1/session", headers=headers(first.token)).status_code == 401


def test_signing_out_and_who_is_elsewhere_behind_a_real_proxy(url: str) -> None:
    """Through HAProxy to a replica: it takes names and addresses as they came, and DELETE."""
    for far in ({"Host": "chat.example.com"}, {"X-Forwarded-For": "203.0.113.5"}):
        refused = httpx.post(f"{url}/v1/session", headers=far)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "development_key")
    session = open_session(url, "C1004")
    assert CHANNELS["http"](session, "你好")["text"]
    assert httpx.delete(f"{url}/v1/session", headers=headers(session.token)).status_code == 204
    again = httpx.post(f"{url}/v1/chat", json={"message": "你好"}, headers=headers(session.token), timeout=60)
    assert (again.status_code, again.json()["error"]["code"]) == (401, "token_revoked")


def test_a_persons_words_reach_an_open_socket_through_a_real_proxy(url: str) -> None:
    session, lin = open_session(url, "C1004"), headers(agent_token("lin", 60))
    assert CHANNELS["http"](session, "转人工")["outcome"] == "handoff"
    case = f"{url}/v1/agent/cases/{session.id}"
    assert httpx.post(f"{case}/claim", headers=lin, timeout=60).json()["status"] == "person"
    with connect(url.replace("http", "ws") + "/v1/chat/ws") as socket:
        socket.send(json.dumps({"token": session.token, "after": "0-0"}))
        assert [json.loads(socket.recv(20))["type"] for _ in range(2)] == ["customer", "bot"]
        said = httpx.post(f"{case}/reply", json={"text": "您好"}, headers=lin, timeout=60).json()
        event = json.loads(socket.recv(20))
    assert (event["type"], event["id"], event["text"]) == ("agent", said["turn"], "您好")
    assert httpx.post(f"{case}/close", headers=lin, timeout=60).status_code == 204


def test_too_many_messages_are_limited(server: Server) -> None:
    token, most = session_token(None, 60), server.plan.params.messages_per_minute
    with httpx.Client(headers=headers(token), timeout=60) as client:
        posts = (client.post(f"{server.url}/v1/chat", json={"message": " "}) for _ in range(2 * most + 2))
        assert next(posts).status_code == 400
        assert any(post.status_code == 429 for post in posts)  # the first one ends it


def test_chats_stream_at_once(url: str) -> None:
    sessions = [open_session(url, None) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda s: CHANNELS["sse"](s, "你们的枕头适合侧睡的人吗"), sessions))
    assert len(replies) == 4 and len({r["text"] for r in replies}) == 1


def test_the_page_is_locked_down(url: str) -> None:
    page = httpx.get(url)
    policy = page.headers["content-security-policy"]
    assert page.status_code == 200 and "default-src 'none'" in policy and "unsafe" not in policy
    assert httpx.get(f"{url}/web/../run.py").status_code == 404
    assert httpx.get(f"{url}/v1/nothing").json()["error"]["code"] == "not_found"


def test_what_was_said_is_logged_for_the_next_day(server: Server) -> None:
    session = open_session(server.url, "C1003")
    CHANNELS["http"](session, "我的邮箱是 someone@example.com")
    logged = Inputs(list(server.plan.raw.glob("dt=*/*.jsonl")), Source(name="serving", channel="serving_log"))
    dialogues = {d.session: d for d in parse(logged) if isinstance(d, ParsedDialogue)}
    assert [t.role for t in dialogues[session.id].turns] == ["customer", "bot"]
    assert "someone@example.com" not in dialogues[session.id].raw
