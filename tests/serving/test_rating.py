"""A customer rates the conversation: tomorrow's dialogue has the stars, and nobody else gives them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from data.channels.base import ParsedDialogue
from data.channels.params import Source
from data.channels.reading.files import Inputs, Problem
from data.channels.serving_log import parse
from kefu.privacy.pseudonyms import pseudonym
from serving.api.tokens import read_session, session_token
from serving.conversation_log import ConversationLog, rating_line
from serving.dialogue.assistant import Assistant
from serving.params import Serving
from tests.fixtures.web import open_web


@pytest.fixture(scope="module")
def web(_one: Assistant, params: Serving) -> Iterator[TestClient]:
    with TestClient(open_web(_one, params)) as client:
        yield client


def rate(web: TestClient, token: str | None, body: Any) -> tuple[int, str]:
    """Status and error code."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = web.put("/v1/session/rating", json=body, headers=headers)
    return answer.status_code, "" if answer.status_code == 204 else answer.json()["error"]["code"]


def logged(log: ConversationLog | None, session: str) -> list[ParsedDialogue | Problem]:
    """What the next day reads of a session."""
    assert log
    files = sorted(log.raw.glob("dt=*/*.jsonl"))
    found = parse(Inputs(files, Source(name="serving", channel="serving_log")))
    return [item for item in found if session in item.raw]


def test_the_last_rating_is_tomorrows_dialogues(assistant: Assistant, web: TestClient) -> None:
    token = session_token("C1001", 60)
    session = read_session(token).session
    assistant.reply(session, "C1001", "你好")
    assert [rate(web, token, {"csat": stars}) for stars in (5, 2)] == [(204, "")] * 2
    assistant.reply(session, "C1001", "谢谢")
    (dialogue,) = logged(assistant.log, session)
    assert isinstance(dialogue, ParsedDialogue) and dialogue.csat == 2
    assert [turn.role for turn in dialogue.turns] == ["customer", "bot"] * 2
    assert len(assistant.sessions.load(session, "C1001").turns) == 4


def test_what_cannot_be_rated_is_refused(assistant: Assistant, web: TestClient) -> None:
    token = session_token("C1001", 60)
    assert rate(web, token, {"csat": 5}) == (409, "nothing_to_rate")
    assistant.reply(read_session(token).session, "C1001", "你好")
    for wrong in ({"csat": 0}, {"csat": 6}, {"csat": "5"}, {"csat": 4.5}, {"stars": 5}, {}):
        assert rate(web, token, wrong) == (400, "invalid_request"), wrong
    assert rate(web, None, {"csat": 5}) == (401, "no_session")
    assert rate(web, session_token("C1002", 60, read_session(token).session), {"csat": 1}) == (403, "not_your_session")
    (dialogue,) = logged(assistant.log, read_session(token).session)
    assert isinstance(dialogue, ParsedDialogue) and dialogue.csat is None


def test_a_rating_without_its_conversation_is_a_problem_of_its_own(tmp_path: Path) -> None:
    session, log = uuid4().hex, ConversationLog(tmp_path, "r1", "a1b2")
    log.append(rating_line(session, pseudonym("C1001"), datetime(2026, 11, 20, 10, tzinfo=UTC), 4))
    (problem,) = logged(log, session)
    assert isinstance(problem, Problem) and problem.reason == "a rating alone: its conversation is of another day"
