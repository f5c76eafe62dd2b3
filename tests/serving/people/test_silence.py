"""Cases that nobody goes on with: back in the queue, or closed with all that they kept; never one in danger unseen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from serving.dialogue.assistant import Assistant
from serving.dialogue.people.silence import end_silence
from serving.params import Serving
from serving.sessions import keys
from tests.serving.people.conftest import Agent, Customer, outcome

HOUR_S = 3600


@pytest.fixture
def after(assistant: Assistant, params: Serving) -> Callable[..., None]:
    """What a replica does when so many seconds have passed."""
    usual = params.model_copy(update={"case_unanswered_s": HOUR_S, "case_silent_s": 24 * HOUR_S})

    def later(seconds: float, params: Serving = usual) -> None:
        end_silence(assistant.sessions, params, datetime.now(UTC) + timedelta(seconds=seconds))

    return later


def status_of(agent: Agent, customer: Customer) -> str | None:
    return next((line["status"] for line in agent.queue() if line["case"] == customer.case), None)


def test_who_leaves_a_customer_without_a_word_loses_the_case_to_the_queue(
    waiting: Customer, lin: Agent, mei: Agent, after: Callable[..., None]
) -> None:
    lin.does("claim", waiting.case)
    after(HOUR_S - 60)
    assert status_of(lin, waiting) == "person"
    after(HOUR_S + 60)
    assert status_of(lin, waiting) == "waiting"
    assert waiting.says("还在吗")["text"]  # he is told that a person is asked for, and may go back to the bot
    assert outcome(lin.does("reply", waiting.case, text="在")) == (409, "not_claimed")
    assert mei.does("claim", waiting.case).json()["agent"] == mei.name


def test_who_waits_for_his_customer_keeps_the_case(waiting: Customer, lin: Agent, after: Callable[..., None]) -> None:
    lin.does("claim", waiting.case)
    lin.does("reply", waiting.case, text="请发一张照片")
    after(2 * HOUR_S)
    assert status_of(lin, waiting) == "person"
    waiting.says("照片发了")
    after(HOUR_S - 60)
    assert status_of(lin, waiting) == "person"
    after(HOUR_S + 60)
    assert status_of(lin, waiting) == "waiting"


def test_a_silent_case_is_closed_with_all_that_it_kept(
    new_customer: Callable[..., Customer], lin: Agent, after: Callable[..., None], assistant: Assistant
) -> None:
    client, taken, untaken, hurt = assistant.sessions.client, new_customer(), new_customer(), new_customer()
    for customer in (taken, untaken):
        customer.says("我的电话是 13812345678", "转人工")
    hurt.says("水壶炸了烫伤我的手")
    lin.does("claim", taken.case)
    lin.does("reply", taken.case, text="好的")
    after(24 * HOUR_S - 60)
    assert (status_of(lin, taken), status_of(lin, untaken)) == ("person", "waiting")
    client.delete(keys.session(taken.case))  # after session_ttl_s
    after(24 * HOUR_S + 60)
    assert (status_of(lin, taken), status_of(lin, untaken)) == (None, None)
    assert client.exists(keys.case(taken.case), keys.case(untaken.case)) == 0
    assert taken.says("你好")["route"] == "chitchat" and taken.status == "bot"
    after(1000 * HOUR_S)
    assert status_of(lin, hurt) == "waiting"
    lin.does("claim", hurt.case)
    after(1000 * HOUR_S)
    assert status_of(lin, hurt) is None


def test_zero_is_for_ever(waiting: Customer, lin: Agent, after: Callable[..., None], params: Serving) -> None:
    for_ever = params.model_copy(update={"case_unanswered_s": 0, "case_silent_s": 0})
    after(10**6, for_ever)
    assert status_of(lin, waiting) == "waiting"
    lin.does("claim", waiting.case)
    after(10**9, for_ever)
    assert status_of(lin, waiting) == "person"
