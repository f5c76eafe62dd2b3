"""Signing in, in the middle of a conversation: it goes on, for this customer alone, and is logged as two people's."""

from __future__ import annotations

from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from data.channels.base import Inputs, ParsedDialogue
from data.channels.params import Source
from data.channels.serving_log import parse
from kefu.privacy.pseudonyms import pseudonym
from serving.api.tokens import customer_token, read_session, session_token
from serving.dialogue.assistant import Assistant
from serving.params import Serving
from serving.sessions.cases import Handoff
from serving.sessions.session import Session, Wish
from serving.sessions.store import NotYourSession, Sessions, owner
from serving.sessions.valkey import Store
from tests.serving.test_web import Scripted, Web

MINE = "QM2611100011"  # an order of C1001, delivered


@pytest.fixture
def web(store: Store, params: Serving) -> TestClient:
    return Web(Scripted(), store.url, params.model_copy(update={"sessions_per_minute": 10_000})).client


@pytest.fixture
def sessions(store: Store) -> Sessions:
    return Sessions(store.url, 60)


def post(web: TestClient, customer: str | None, token: str) -> tuple[int, dict[str, str]]:
    headers = {"Authorization": f"Bearer {customer_token(customer, 60)}"} if customer else {}
    answer = web.post("/v1/session", json={"continue": token}, headers=headers)
    body = answer.json()
    return answer.status_code, body.get("error", body)


def test_a_session_goes_on_as_the_customers(web: TestClient, sessions: Sessions) -> None:
    stranger = session_token(None, 60)
    status, opened = post(web, "C1001", stranger)
    assert (status, opened["session"], opened["signed_in"]) == (200, read_session(stranger).session, True)
    assert read_session(opened["token"]).customer == "C1001"
    assert sessions.load(opened["session"], "C1001").customer == "C1001"
    for token in (stranger, opened["token"]):  # a request that is sent again changes nothing
        assert post(web, "C1001", token)[0] == 200


def test_a_session_never_goes_to_another_nor_back(web: TestClient, sessions: Sessions) -> None:
    stranger = session_token(None, 60)
    _, opened = post(web, "C1001", stranger)
    for token in (stranger, opened["token"], session_token("C1001", 60)):
        status, error = post(web, "C1002", token)
        assert (status, error["code"]) == (403, "not_your_session")
    for other in (None, "C1002"):
        with pytest.raises(NotYourSession):
            sessions.load(opened["session"], other)


@pytest.mark.parametrize(
    "token",
    ["", "x.y", session_token(None, -1), customer_token("C1001", 60), session_token(None, 60)[:-3] + "AAA"],
    ids=["empty", "no token", "expired", "customer's", "forged"],
)
def test_a_token_that_proves_nothing_continues_nothing(web: TestClient, token: str) -> None:
    status, error = post(web, "C1001", token)
    assert (status, error["code"], error["param"]) == (401, "bad_token", "continue")


def test_without_a_customer_nothing_is_continued(web: TestClient) -> None:
    assert post(web, None, session_token(None, 60))[1]["code"] == "no_customer"


def test_a_session_opens_without_a_body_as_before(web: TestClient) -> None:
    for body in (None, dict[str, str]()):
        assert web.post("/v1/session", json=body).json()["signed_in"] is False
    assert web.post("/v1/session", json={"continues": "x"}).status_code == 400


def test_a_hand_off_moves_with_its_session(sessions: Sessions) -> None:
    session = Session(id=uuid4().hex, wishes=[Wish(flow="return")])
    sessions.save(session)
    waiting = Handoff(
        session=session.id, customer=owner(session), time="2026-11-16T10:00:00+08:00", lang="zh", intent="human",
        flow=None, slots={}, turns=[], danger="fire", reason="danger",
    )  # fmt: skip
    with sessions.hold(session.id, None) as held:
        sessions.commit(held, answer="", log="", handoff=waiting)
    signed_in = sessions.load(session.id, "C1001")
    mine = [found for found in sessions.handoffs() if found.session == session.id]
    assert [found.customer for found in mine] == [pseudonym("C1001")] and signed_in.status == "waiting"
    with sessions.hold(session.id, "C1001") as held:
        sessions.commit(held, answer="", log="", withdrawn=True)
    assert sessions.load(session.id, "C1001").status == "bot"  # nor is anything lost when it was not saved


@pytest.mark.parametrize(
    ("after", "asks"),
    [
        ("我登录好了", "order_number"),
        ("好的", "order_number"),
        ("？", "order_number"),
        ("signed in", "order_number"),
        ("已经登录了，继续吧", "order_number"),
        (MINE, "return_reason"),
        ("我要退货", "order_number"),
    ],
)
def test_the_wish_that_waited_goes_on(assistant: Assistant, after: str, asks: str) -> None:
    session = uuid4().hex
    assert assistant.reply(session, None, "我要退货").asks is None
    reply = assistant.reply(session, "C1001", after)
    assert (reply.flow, reply.asks) == ("return", asks)
    assert assistant.sessions.load(session, "C1001").wishes == []


def test_what_was_told_before_is_not_asked_again(assistant: Assistant) -> None:
    session = uuid4().hex
    assistant.reply(session, None, f"我要退货，订单 {MINE}，颜色不合适")
    assert assistant.reply(session, "C1001", "我登录好了").asks == "confirm"


def test_anothers_order_stays_anothers(assistant: Assistant) -> None:
    session = uuid4().hex
    assistant.reply(session, None, f"我要退货，订单 {MINE}")
    assert assistant.reply(session, "C1002", "登录了").asks == "order_number"


def test_a_private_question_is_answered_after_signing_in(assistant: Assistant) -> None:
    session = uuid4().hex
    asked = "我有多少木豆"
    assert assistant.reply(session, None, asked).text == assistant.pack.conversation.sign_in.zh
    told = assistant.reply(session, "C1001", "登录好了")
    assert told.text == assistant.reply(uuid4().hex, "C1001", asked).text and told.route == "query"
    assert assistant.reply(session, "C1001", "你好").route == "chitchat"  # once


def test_signing_in_is_no_answer_and_hides_none(assistant: Assistant) -> None:
    session = uuid4().hex
    assistant.reply(session, None, "我要退货")
    again = assistant.pack.conversation.sign_in_again
    assert again and assistant.reply(session, None, "我登录好了").text.endswith(again.zh)
    assert len(assistant.sessions.load(session, None).wishes) == 1
    assert assistant.reply(session, "C1001", "转人工").outcome == "handoff"


@pytest.mark.parametrize("forgotten", [False, True])
def test_the_log_keeps_the_stranger_and_the_customer_apart(assistant: Assistant, forgotten: bool) -> None:
    session = uuid4().hex
    for customer, text in ((None, "我要退货"), ("C1001", "我登录好了"), ("C1001", "你好")):
        assistant.reply(session, customer, text)
        if forgotten:  # after session_ttl_s; tokens live longer
            assistant.sessions.client.delete(f"kefu:session:{session}")
    (file,) = assistant.log.raw.glob("dt=*/r1.jsonl")  # type: ignore[union-attr]
    found = list(parse(Inputs([file], Source(name="serving", channel="serving_log"))))
    mine = [item for item in found if item.session and item.session.startswith(session)]
    assert all(isinstance(item, ParsedDialogue) for item in mine)  # with two customers in one, it would be a Problem
    assert [(item.customer, len(item.turns)) for item in mine] == [  # type: ignore[union-attr]
        (pseudonym(f"session:{session}"), 2),
        (pseudonym("C1001"), 4),
    ]
