"""Sixty-four messages of one customer at once, and a store that is full: over the web layer and a real store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from serving.api.app import build_web
from serving.api.tokens import read_session, session_token
from serving.dialogue.assistant import Assistant
from serving.params import Serving
from serving.sessions.store import Sessions
from serving.sessions.valkey import embedded_store
from serving.tools.demo_database import build
from tests.fixtures.desk import open_desk
from tests.fixtures.web import open_site, open_web

CROWD = 64
UNLIMITED = {"messages_per_minute": 10**6}


@pytest.mark.parametrize("room", [CROWD, 8])
def test_a_crowd_of_messages_is_answered_once_each_in_the_order_of_arrival(
    assistant: Assistant, params: Serving, room: int
) -> None:
    token = session_token("C1001", 600)
    app = open_web(assistant, params.model_copy(update={**UNLIMITED, "max_ongoing_requests": room}))
    texts = {f"m-{number}": ("你好" if number % 2 else "满多少包邮") + "。" * (number // 2) for number in range(CROWD)}

    async def crowd() -> tuple[list[str], int]:
        """Ids in the order in which they were answered, and how many tries were refused."""
        answered: list[str] = []
        refused = 0
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:

            async def send(message: str) -> None:
                nonlocal refused
                body, headers = {"message": texts[message], "id": message}, {"Authorization": f"Bearer {token}"}
                while (answer := await client.post("/v1/chat", json=body, headers=headers)).status_code == 503:
                    assert answer.json()["error"]["code"] == "overloaded" and int(answer.headers["Retry-After"]) > 0
                    refused += 1
                    await asyncio.sleep(0.5)
                assert answer.status_code == 200 and answer.json()["id"] == message
                answered.append(message)

            await asyncio.gather(*map(send, texts))
        return answered, refused

    answered, refused = asyncio.run(crowd())
    assert sorted(answered) == sorted(texts) and bool(refused) == (room < CROWD)
    if room == CROWD:
        assert answered == list(texts)
    turns = assistant.sessions.load(read_session(token).session, "C1001").turns
    assert [turn.role for turn in turns] == ["customer", "bot"] * (len(turns) // 2)
    said = [turn.text for turn in turns if turn.role == "customer"]
    assert said == [texts[message] for message in answered][-len(said) :]


@pytest.fixture
def desk(tmp_path: Path, release: Path) -> Iterator[Assistant]:
    build(release / "pack", tmp_path / "shop.db")
    with open_desk(tmp_path / "shop.db") as assistant:
        yield assistant


def test_a_store_that_is_full_is_a_503_that_ready_names_and_goes_by_itself(desk: Assistant, params: Serving) -> None:
    """Full of what has no end: hand-overs and log lines. Sessions would have gone before."""
    with closing(embedded_store()) as store:
        full = Sessions(store.url, params.session_ttl_s)
        desk.sessions, desk.engines = full, dict.fromkeys(("centre", "edge"))  # type: ignore[assignment]
        web = TestClient(build_web(open_site(desk, params, full)))
        headers = {"Authorization": f"Bearer {session_token('C1001', 600)}"}

        def said(message: str) -> Any:
            return web.post("/v1/chat", json={"message": "你好", "id": message}, headers=headers)

        assert (said("m-1").status_code, web.get("/readyz").status_code) == (200, 200)
        for number in range(8):
            full.client.hset("kefu:waiting", f"s{number}", "x" * 1_000_000)
        full.client.config_set("maxmemory", "5mb")
        refused, ready = said("m-2"), web.get("/readyz")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
        assert ready.status_code == 503 and ready.json()["error"]["message"].startswith("store: ")
        assert int(refused.headers["Retry-After"]) > 0 and int(ready.headers["Retry-After"]) > 0
        assert len(full.client.hkeys("kefu:waiting")) == 8
        full.client.hdel("kefu:waiting", *(f"s{number}" for number in range(8)))
        assert said("m-2").json()["id"] == "m-2" and web.get("/readyz").status_code == 200
        full.close()
