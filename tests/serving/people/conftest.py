"""A customer who has asked for a person, and people at the desk, over the whole web layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from serving.api.tokens import agent_token, read_session, session_token
from serving.dialogue.assistant import Assistant
from serving.params import Serving
from tests.fixtures.web import open_web

MINE = "QM2611100011"


@pytest.fixture(scope="module")
def web(_one: Assistant, params: Serving) -> Iterator[TestClient]:
    limits = {"messages_per_minute": 10**6, "sessions_per_minute": 10**6}
    with TestClient(open_web(_one, params.model_copy(update=limits))) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def outcome(answer: Any) -> tuple[int, str]:
    """Status and error code."""
    return answer.status_code, answer.json()["error"]["code"] if answer.status_code >= 400 else ""


@dataclass
class Customer:
    web: TestClient
    customer: str | None = "C1001"
    token: str = ""

    def __post_init__(self) -> None:
        self.token = self.token or session_token(self.customer, 600)

    @property
    def case(self) -> str:
        return read_session(self.token).session

    def says(self, *texts: str) -> dict[str, Any]:
        """The reply to the last of these."""
        for text in texts:
            answer = self.web.post("/v1/chat", json={"message": text}, headers=bearer(self.token))
            assert answer.status_code == 200, answer.text
        return dict(answer.json()["reply"])

    def history(self, after: str = "0-0") -> dict[str, Any]:
        answer = self.web.get("/v1/messages", params={"after": after}, headers=bearer(self.token))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    @property
    def status(self) -> str:
        return str(self.history()["status"])


@dataclass
class Agent:
    web: TestClient
    name: str
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = agent_token(self.name, 600)

    def does(self, step: str, case: str, **body: Any) -> Any:
        return self.web.post(f"/v1/agent/cases/{case}/{step}", json=body or None, headers=bearer(self.token))

    def queue(self) -> list[dict[str, Any]]:
        return list(self.web.get("/v1/agent/cases", headers=bearer(self.token)).json()["cases"])

    def packet(self, case: str) -> dict[str, Any]:
        answer = self.web.get(f"/v1/agent/cases/{case}", headers=bearer(self.token))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
def new_customer(assistant: Assistant, web: TestClient) -> Callable[..., Customer]:
    """A customer in a session of his own; the shop's database is as it begins."""

    def make(customer: str | None = "C1001") -> Customer:
        return Customer(web, customer)

    return make


@pytest.fixture
def waiting(new_customer: Callable[..., Customer]) -> Customer:
    """C1001, who began a return and asked for a person."""
    customer = new_customer()
    customer.says("我要退货", MINE, "转人工")
    return customer


@pytest.fixture
def lin(web: TestClient) -> Agent:
    return Agent(web, f"lin {uuid4().hex[:6]}")


@pytest.fixture
def mei(web: TestClient) -> Agent:
    return Agent(web, f"mei {uuid4().hex[:6]}")
