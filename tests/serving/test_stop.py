"""A customer stops an answer: the model is free, what was said stays, and the conversation goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import cast
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from data.channels.base import Inputs, ParsedDialogue
from data.channels.params import Source
from data.channels.serving_log import parse
from kefu.llm.engine import Step
from kefu.schema import Message
from serving.api.app import build_web
from serving.api.backend import Event
from serving.api.tokens import read_session, session_token
from serving.deploy.in_process import InProcessBackend
from serving.dialogue.assistant import Assistant
from serving.dialogue.reply import Reply
from serving.params import Serving
from serving.sessions.store import Sessions
from serving.sessions.valkey import Store
from tests.fixtures.web import RELEASE, open_site, open_web
from tests.fixtures.words_engine import say_anything

ASKED = "猫会不会做梦"  # which only a model answers
FIRST, REST = "可以侧睡。", "仰"
WAIT_S = 30


class Gated:
    """An engine that says FIRST, and begins a sentence without end, a piece whenever ``go`` is released."""

    name = "edge"

    def __init__(self) -> None:
        self.go, self.asked, self.free = threading.Semaphore(0), threading.Event(), threading.Event()

    def complete(self, messages: Sequence[Message], max_new_tokens: int) -> Generator[Step]:
        self.asked.set()
        try:
            for piece in (FIRST, *REST * max_new_tokens):
                assert self.go.acquire(timeout=WAIT_S)
                yield Step(piece)
        finally:
            self.free.set()

    def stream(self, messages: Sequence[Message], max_new_tokens: int) -> Generator[str]:
        with closing(self.complete(messages, max_new_tokens)) as steps:
            yield from (step.text for step in steps)

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        raise AssertionError


@pytest.fixture
def engine(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> Gated:
    gated = Gated()
    say_anything(assistant, monkeypatch, gated)
    return gated


@pytest.fixture
def token() -> str:
    return session_token(None, 600)


@pytest.fixture
def web(assistant: Assistant, params: Serving) -> Iterator[TestClient]:
    with TestClient(open_web(assistant, params)) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def logged(assistant: Assistant, token: str) -> list[ParsedDialogue]:
    assert assistant.log
    files = tuple(assistant.log.raw.rglob("*.jsonl"))
    found = [
        row
        for row in parse(Inputs(files, Source(name="serving", channel="serving_log")))
        if isinstance(row, ParsedDialogue)
    ]
    return [row for row in found if row.session == f"{read_session(token).session}.stranger"]


def test_a_socket_stops_an_answer_in_mid_sentence(
    web: TestClient, assistant: Assistant, engine: Gated, token: str
) -> None:
    with web.websocket_connect("/v1/chat/ws") as socket:
        socket.send_json({"token": token})
        socket.send_json({"message": ASKED, "id": "m1"})
        engine.go.release(2)  # FIRST is said when what follows begins
        assert [socket.receive_json()["type"] for _ in range(2)] == ["meta", "delta"]
        socket.send_json({"stop": "m1"})
        while not engine.free.wait(0.05):
            engine.go.release()
        done = socket.receive_json()
        assert (done["type"], done["text"], done["stopped"], done["route"]) == ("done", FIRST, True, "model")
        socket.send_json({"message": ASKED, "id": "m1"})  # again: the answer that was stopped
        again = [socket.receive_json() for _ in range(3)][-1]
        assert (again["text"], again["stopped"], again["turn"]) == (FIRST, True, done["turn"])
        socket.send_json({"message": "你好", "id": "m2"})
        answers = [socket.receive_json() for _ in range(3)]
        assert (answers[-1]["type"], answers[-1]["stopped"], answers[-1]["route"]) == ("done", False, "chitchat")
    said = web.get("/v1/messages", headers=bearer(token)).json()["messages"]
    assert [turn["text"] for turn in said[:3]] == [ASKED, FIRST, "你好"]
    (dialogue,) = logged(assistant, token)
    assert [turn.text for turn in dialogue.turns][:3] == [ASKED, "", "你好"]  # half an answer teaches nothing


def test_a_request_stops_an_answer_of_another_replica(
    web: TestClient, assistant: Assistant, engine: Gated, params: Serving, store: Store, token: str
) -> None:
    """The other one knows of it by the store alone."""
    with (
        ThreadPoolExecutor() as pool,
        TestClient(build_web(open_site(assistant, params, Sessions(store.url, 60)))) as other,
    ):
        asked = pool.submit(web.post, "/v1/chat", json={"message": ASKED, "id": "m1"}, headers=bearer(token))
        engine.go.release(2)
        assert engine.asked.wait(WAIT_S)
        stranger = bearer(session_token(None, 600))
        assert other.post("/v1/messages/m1/stop", headers=stranger).status_code == 204  # a message of his own
        engine.go.release()
        assert not engine.free.wait(0.1)
        while not engine.free.wait(0.1):
            assert other.post("/v1/messages/m1/stop", headers=bearer(token)).status_code == 204
            engine.go.release()
        reply = asked.result(WAIT_S).json()["reply"]
    assert (reply["text"], reply["stopped"]) == (FIRST, True)


def test_a_stop_before_the_first_word_leaves_an_empty_answer(assistant: Assistant, engine: Gated) -> None:
    stop = threading.Event()
    stop.set()
    session = uuid4().hex
    (reply,) = assistant.stream(session, None, ASKED, message="m1", stop=stop)
    assert isinstance(reply, Reply) and (reply.text, reply.stopped) == ("", True)
    assert not engine.asked.is_set() and assistant.sessions.load(session, None).misses == 0


def test_a_stop_takes_nothing_back_that_needs_no_model(assistant: Assistant, engine: Gated) -> None:
    stop = threading.Event()
    stop.set()
    session = uuid4().hex
    for text in ("我要退货", "QM2611100011", "不想要了"):
        assistant.reply(session, "C1001", text)
    *_, reply = assistant.stream(session, "C1001", "是的，提交吧", stop=stop)
    assert isinstance(reply, Reply) and reply.outcome == "resolved" and not reply.stopped and reply.text


def test_a_client_of_a_bare_model_that_leaves_frees_it(assistant: Assistant, params: Serving) -> None:
    gated, own = Gated(), assistant.engines
    assistant.engines = {"edge": gated}
    backend = InProcessBackend(assistant, RELEASE, params)

    async def leave() -> None:
        events = cast(AsyncGenerator[Event], backend.complete("edge", [Message(role="user", content="hi")], None))
        gated.go.release(2)
        assert (await anext(events)).text == FIRST
        await events.aclose()
        gated.go.release()
        assert await asyncio.to_thread(gated.free.wait, WAIT_S)

    asyncio.run(leave())
    assistant.engines = own
