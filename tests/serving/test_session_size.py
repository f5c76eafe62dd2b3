"""A customer who writes without end: his session stays small, and what the policy needs of it stays."""

from __future__ import annotations

from uuid import uuid4

import pytest

from serving.dialogue.assistant import Assistant
from serving.params import Serving
from serving.sessions import keys
from serving.sessions.cases import Handoff
from serving.sessions.limits import Limits, limits_of, newest
from serving.sessions.session import FlowState, SaidTurn, Session, Wish

MINE = "QM2611100011"
CUSTOMER = "C1001"
LONG = "长" * 1_985
LIMITS = Limits()


def said(role: str, text: str) -> SaidTurn:
    return SaidTurn(role=role, text=text, time="2026-11-29T10:00:00+08:00")  # type: ignore[arg-type]


def flood(assistant: Assistant, session: str, first: int, last: int) -> int:
    """Keeps messages of 2,000 characters, each with a phone number, and their answers; returns the bytes moved."""
    began = moved(assistant)
    for number in range(first, last):
        with assistant.sessions.hold(session, CUSTOMER, f"m{number}") as held:
            name = f"[PHONE_{number + 1}]"
            held.session.vault[name] = f"1380000{number:04}"
            turns = [said("customer", name + LONG), said("bot", LONG)]
            held.session.remember(*turns)
            assistant.sessions.commit(held, f"answer {number} {LONG}", "", turns=turns)
    return moved(assistant) - began


def moved(assistant: Assistant) -> int:
    """Bytes that the store has read and written so far."""
    stats = assistant.sessions.client.info("stats")
    return stats["total_net_input_bytes"] + stats["total_net_output_bytes"]


@pytest.mark.parametrize("count", [400, pytest.param(2_000, marks=pytest.mark.slow)])
def test_long_messages_without_end_leave_a_small_session_that_goes_on(assistant: Assistant, count: int) -> None:
    session, client = uuid4().hex, assistant.sessions.client
    for text in ("我要退货", MINE):
        asked = assistant.reply(session, CUSTOMER, text)
    quarters = [flood(assistant, session, at * count // 4, (at + 1) * count // 4) for at in range(4)]
    assert quarters[3] < 1.1 * quarters[1], f"bytes of each quarter: {quarters}"
    assert client.strlen(keys.session(session)) < 100_000
    used = client.memory_usage(keys.turns(session))
    assert used and used <= LIMITS.history_kb * 1024
    assert len(list(client.scan_iter(keys.answer(session, "*")))) == LIMITS.answers
    for number, kept in ((count - 1, True), (count - 99, True), (0, False)):
        with assistant.sessions.hold(session, CUSTOMER, f"m{number}") as held:
            assert held.answered == (f"answer {number} {LONG}" if kept else None)
    assert asked.asks
    assert assistant.reply(session, CUSTOMER, "不想要了").asks == "confirm"
    assert assistant.reply(session, CUSTOMER, "是的，提交吧", message="yes").outcome == "resolved"
    assert assistant.reply(session, CUSTOMER, "是的，提交吧", message="yes").outcome == "resolved"
    assert assistant.sessions.load(session, CUSTOMER).past[-1].slots["order_number"].startswith("[ORDER_")


def test_what_a_session_speaks_of_is_not_forgotten() -> None:
    session = Session(id="s", flow=FlowState(flow="return", step="ask", slots={"order_number": "[ORDER_1]"}))
    session.vault = {"[ORDER_1]": MINE, **{f"[PHONE_{number}]": str(number) for number in range(1, 400)}}
    session.remember(said("customer", "[PHONE_2]"))
    LIMITS.trim(session)
    assert {"[ORDER_1]", "[PHONE_2]", "[PHONE_399]"} <= session.vault.keys() and "[PHONE_1]" not in session.vault
    assert len(session.vault) == LIMITS.personal * 3 // 4
    before = dict(session.vault)
    LIMITS.trim(session)
    assert session.vault == before


def test_wishes_and_flows_that_wait_have_an_end() -> None:
    session = Session(id="s")
    for number in range(50):
        session.wishes.append(Wish(flow=f"f{number}"))
        session.paused.append(FlowState(flow=f"f{number}", step="s"))
        LIMITS.trim(session)
    assert [wish.flow for wish in session.wishes] == [state.flow for state in session.paused]
    assert [wish.flow for wish in session.wishes] == [f"f{number}" for number in range(40, 50)]


@pytest.mark.parametrize(("chars", "kept"), [(100, 5), (10, 5), (9, 4), (4, 2), (0, 2)])
def test_the_newest_turns_stay_and_the_last_exchange_always(chars: int, kept: int) -> None:
    turns = [said("customer", f"{number}.") for number in range(5)]
    assert newest(turns, chars) == turns[-kept:]
    assert newest([], chars) == []


def test_a_case_keeps_its_newest_turns() -> None:
    turns = [said("customer", LONG) for _ in range(400)]
    case = Handoff(
        session="s", customer="c", time="2026-11-29T10:00:00", lang="zh", intent="i", flow=None, slots={}, turns=turns
    )
    assert len(LIMITS.trimmed(case).turns) == LIMITS.case_chars // len(LONG)


def test_limits_are_the_parameters(params: Serving) -> None:
    assert limits_of(params) == LIMITS
    assert limits_of(params.model_copy(update={"case_max_chars": 1})).case_chars == 1
