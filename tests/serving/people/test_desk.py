"""What people at the desk do: one wins a case, writes, gives it back or closes it; the bot is silent meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from redis.exceptions import RedisError

from data.channels.base import Inputs, ParsedDialogue
from data.channels.params import Source
from data.channels.serving_log import parse
from data.sets.exchanges import exchanges
from kefu.schema import Dialogue, Turn
from serving.api.tokens import agent_token, customer_token, session_token
from serving.dialogue.assistant import Assistant
from serving.sessions import keys
from tests.serving.people.conftest import Agent, Customer, bearer, outcome

STEPS = ("claim", "release", "reply", "hand-back", "close")


def body_of(step: str) -> dict[str, str]:
    return {"text": "您好"} if step == "reply" else {}


def logged(assistant: Assistant, session: str) -> list[tuple[str, str]]:
    """Roles and texts of a session's turns, as the next day reads them."""
    assert assistant.log
    files = sorted(assistant.log.raw.glob("dt=*/*.jsonl"))
    found = parse(Inputs(files, Source(name="serving", channel="serving_log")))
    return [(t.role, t.text) for d in found if isinstance(d, ParsedDialogue) and d.session == session for t in d.turns]


def test_of_two_who_claim_at_once_one_wins(waiting: Customer, lin: Agent, mei: Agent) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda agent: agent.does("claim", waiting.case), (lin, mei)))
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, won.json()["status"]) == (200, "person")
    assert outcome(lost) == (409, "case_taken") and won.json()["agent"] in lost.json()["error"]["message"]
    winner, loser = (lin, mei) if won.json()["agent"] == lin.name else (mei, lin)
    assert winner.does("claim", waiting.case).json() == won.json()  # again changes nothing
    for step in ("release", "reply", "hand-back", "close"):
        assert outcome(loser.does(step, waiting.case, **body_of(step))) == (409, "case_taken")
    wrong = {"from": "nobody"}
    assert outcome(loser.does("claim", waiting.case, **wrong)) == (409, "case_taken")
    assert loser.does("claim", waiting.case, **{"from": winner.name}).json()["agent"] == loser.name


def test_the_queue_has_danger_first_then_the_oldest_and_no_personal_data(
    new_customer: Callable[..., Customer], lin: Agent
) -> None:
    first, second, hurt = new_customer(), new_customer(None), new_customer()
    first.says("我的电话是 13812345678", "转人工")
    second.says("I want to talk to a person")
    hurt.says("水壶炸了烫伤我的手")
    own = {first.case, second.case, hurt.case}
    queue = [line for line in lin.queue() if line["case"] in own]
    assert [line["case"] for line in queue] == [hurt.case, first.case, second.case]
    assert [(line["urgency"], line["reason"], line["lang"]) for line in queue] == [
        ("high", "danger", "zh"), ("normal", "asked", "zh"), ("normal", "asked", "en"),
    ]  # fmt: skip
    assert "13812345678" not in str(queue) and "C1001" not in str(queue)
    lin.does("claim", first.case)
    assert [line["case"] for line in lin.queue() if line["case"] in own] == [hurt.case, second.case, first.case]
    assert lin.does("release", first.case).json()["agent"] is None
    assert [line["case"] for line in lin.queue() if line["case"] in own] == [hurt.case, first.case, second.case]


def test_while_a_person_has_it_the_bot_is_silent_on_every_channel(
    waiting: Customer, lin: Agent, web: TestClient, assistant: Assistant
) -> None:
    assert waiting.status == "waiting"
    lin.does("claim", waiting.case)
    headers = bearer(waiting.token)
    reply = waiting.says("多久之内可以退货？")
    assert (reply["text"], reply["route"], reply["outcome"]) == ("", "human", None)
    events = web.post("/v1/chat", json={"message": "你好", "stream": True}, headers=headers).text
    assert '"route": "human"' in events and '"text": "' not in events.replace('"text": ""', "")
    body = {"model": "kefu", "messages": [{"role": "user", "content": "转人工"}]}
    completion = web.post("/v1/chat/completions", json=body, headers=headers).json()
    assert completion["choices"][0]["message"]["content"] == ""
    with web.websocket_connect("/v1/chat/ws") as socket:
        socket.send_json({"token": waiting.token})
        socket.send_json({"message": "继续机器人"})
        assert socket.receive_json()["type"] == "meta"
        done = socket.receive_json()
    assert (done["type"], done["text"]) == ("done", "")
    packet = lin.packet(waiting.case)
    assert [turn["text"] for turn in packet["transcript"][-4:]] == [
        "多久之内可以退货？",
        "你好",
        "转人工",
        "继续机器人",
    ]
    assert [role for role, _ in logged(assistant, waiting.case)[-4:]] == ["customer"] * 4
    assert waiting.history()["status"] == "person"


def test_danger_while_a_person_has_it_makes_the_case_urgent(waiting: Customer, lin: Agent) -> None:
    lin.does("claim", waiting.case)
    assert waiting.says("水壶炸了烫伤我的手")["text"] == ""
    packet = lin.packet(waiting.case)
    assert (packet["urgency"], packet["danger"], packet["status"]) == ("high", "injury", "person")


def test_a_persons_words_reach_the_customer_the_log_and_the_bot_once(
    waiting: Customer, lin: Agent, assistant: Assistant
) -> None:
    waiting.says("我的电话是 13812345678")
    lin.does("claim", waiting.case)
    before = len(waiting.history()["messages"])
    said = {"id": "r-1", "text": "好的，我打 13812345678 给您"}
    first = lin.does("reply", waiting.case, **said).json()
    assert lin.does("reply", waiting.case, **said).json() == first
    assert outcome(lin.does("reply", waiting.case, id="r-1", text="别的")) == (422, "message_id_reused")
    assert outcome(lin.does("reply", waiting.case, text=" \n")) == (400, "bad_message")
    (new,) = waiting.history()["messages"][before:]
    assert new == {"id": first["turn"], "role": "agent", "text": said["text"], "time": first["time"], "agent": lin.name}
    assert lin.packet(waiting.case)["transcript"][-1]["text"] == said["text"]
    assert logged(assistant, waiting.case)[-1] == ("agent", "好的，我打 [PHONE_1] 给您")
    stream = list(assistant.sessions.client.xrange(keys.turns(waiting.case)) or ())
    assert "13812345678" not in str(stream) and len(stream) == before + 1


def test_a_reply_that_is_not_kept_is_not_said(
    waiting: Customer, lin: Agent, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between claim and reply: the case is still hers, and nothing half-said is anywhere."""
    lin.does("claim", waiting.case)
    before = waiting.history()["messages"], logged(assistant, waiting.case)

    def fails(*_: object, **__: object) -> None:
        raise RedisError("the connection broke")

    with monkeypatch.context() as broken:
        broken.setattr(assistant.sessions, "commit", fails)
        assert lin.does("reply", waiting.case, id="r-1", text="您好").status_code == 503
    assert (waiting.history()["messages"], logged(assistant, waiting.case)) == before
    assert lin.packet(waiting.case)["agent"] == lin.name
    assert lin.does("reply", waiting.case, id="r-1", text="您好").status_code == 200
    assert logged(assistant, waiting.case)[-1] == ("agent", "您好")


def test_a_commit_that_runs_twice_adds_no_turn_again(
    waiting: Customer, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client of the store sends a script again when the connection broke before the reply."""
    commit, again = assistant.sessions._commit, list[object]()

    def twice(*arguments: Any) -> object:
        again.extend([commit(*arguments), commit(*arguments)])
        return again[-1]

    before = len(waiting.history()["messages"])
    with monkeypatch.context() as broken:
        broken.setattr(assistant.sessions, "_commit", twice)
        waiting.says("人呢")
    assert again[0] == again[1] and len(waiting.history()["messages"]) == before + 2


def test_handing_back_the_bot_says_so_and_knows_what_it_knew(
    waiting: Customer, lin: Agent, assistant: Assistant
) -> None:
    lin.does("claim", waiting.case)
    lin.does("reply", waiting.case, text="您好")
    assert lin.does("hand-back", waiting.case).status_code == 204
    told = waiting.history()["messages"][-1]
    assert told["role"] == "bot" and assistant.pack.conversation.handed_back.zh in told["text"]
    assert "退货" in told["text"] and waiting.status == "bot"
    assert outcome(lin.does("reply", waiting.case, text="还有吗")) == (404, "no_such_case")
    reply = waiting.says("继续")
    assert (reply["flow"], reply["asks"]) == ("return", "return_reason")  # the order is known
    assert waiting.says("不想要了")["asks"] == "confirm"


def test_a_closed_conversation_opens_anew_with_the_bot(waiting: Customer, lin: Agent) -> None:
    lin.does("claim", waiting.case)
    assert lin.does("close", waiting.case).status_code == 204
    assert waiting.status == "closed" and waiting.case not in [line["case"] for line in lin.queue()]
    assert outcome(lin.does("claim", waiting.case)) == (404, "no_such_case")
    assert waiting.says("你好")["route"] == "chitchat" and waiting.status == "bot"
    assert waiting.says("继续")["flow"] is None  # nothing of before is under way
    assert waiting.says("转人工")["outcome"] == "handoff"
    assert outcome(lin.does("reply", waiting.case, text="您好")) == (409, "not_claimed")  # a new case, nobody's


def test_who_opens_the_agents_doors(waiting: Customer, web: TestClient, lin: Agent) -> None:
    wrong = [session_token("C1001", 60), customer_token("C1001", 60), agent_token("lin", -1), agent_token("lin", 10**9)]
    for token in wrong:
        assert outcome(web.get("/v1/agent/cases", headers=bearer(token))) == (401, "bad_token")
        for step in STEPS:
            answer = web.post(f"/v1/agent/cases/{waiting.case}/{step}", json=body_of(step), headers=bearer(token))
            assert outcome(answer) == (401, "bad_token")
    assert outcome(web.get("/v1/agent/cases")) == (401, "no_agent")
    for door in ("/v1/session", "/v1/chat"):
        assert (
            outcome(web.post(door, json={"message": "x"} if "chat" in door else {}, headers=bearer(lin.token)))[0]
            == 401
        )
    assert web.get("/v1/messages", headers=bearer(lin.token)).status_code == 401
    assert web.delete("/v1/agent/tokens", headers=bearer(lin.token)).status_code == 204
    assert outcome(web.get("/v1/agent/cases", headers=bearer(lin.token))) == (401, "token_revoked")
    for name in ("", " ", "a\nb", "x" * 65):
        with pytest.raises(ValueError, match="1 to 64"):
            agent_token(name, 60)


def test_a_day_with_a_persons_words_is_read_with_the_right_roles(
    waiting: Customer, lin: Agent, assistant: Assistant
) -> None:
    lin.does("claim", waiting.case)
    waiting.says("在吗", "能退吗")
    lin.does("reply", waiting.case, text="可以退的。")
    lin.does("hand-back", waiting.case)
    waiting.says("你好")
    turns = logged(assistant, waiting.case)
    assert [role for role, _ in turns] == [
        *["customer", "bot"] * 3,
        "customer",
        "customer",
        "agent",
        "bot",
        "customer",
        "bot",
    ]
    dialogue = Dialogue(
        id="d", source="s", channel="c", day="2026-11-29", customer="c",
        turns=tuple(Turn(role=role, text=text, time=None) for role, text in turns),  # type: ignore[arg-type]
    )  # fmt: skip
    answers = {one.start: [turn.role for turn in one.answer] for one in exchanges(dialogue)}
    assert answers[8] == ["agent", "bot"] and answers[11] == ["bot"]  # both messages of the customer got one answer


def test_what_a_case_needs_outlives_the_session_and_goes_with_the_case(
    new_customer: Callable[..., Customer], lin: Agent, assistant: Assistant
) -> None:
    customer, client = new_customer(), assistant.sessions.client
    customer.says("我的电话是 13812345678", "转人工")
    client.delete(keys.session(customer.case), keys.turns(customer.case))  # after session_ttl_s
    assert "13812345678" in lin.packet(customer.case)["transcript"][0]["text"]
    lin.does("claim", customer.case)
    assert lin.does("reply", customer.case, text="我打 13812345678").status_code == 200
    assert customer.history()["messages"][-1]["text"] == "我打 13812345678"
    assert customer.says("好的，也可以打 13900000000")["text"] == ""
    assert "13900000000" in lin.packet(customer.case)["transcript"][-1]["text"]
    lin.does("close", customer.case)
    assert client.exists(keys.case(customer.case)) == 0
    assert not [name for name in client.zrange(keys.QUEUE, 0, -1) if str(name).startswith(customer.case)]


def test_a_case_of_an_older_release_is_read_and_answered(lin: Agent, web: TestClient, assistant: Assistant) -> None:
    """It has neither a place in the queue nor what it needs of the session."""
    customer, client = Customer(web), assistant.sessions.client
    customer.says("转人工")
    client.delete(keys.case(customer.case))
    client.zrem(keys.QUEUE, *[name for name in client.hkeys(keys.HANDOFFS) if str(name).startswith(customer.case)])
    stored = str(client.get(keys.session(customer.case)))
    client.set(keys.session(customer.case), stored.replace("{", '{"status":"danger",', 1), ex=60)
    assert "位" not in customer.says("人呢")["text"]  # nobody knows how many come before
    client.delete(keys.case(customer.case), keys.session(customer.case))
    assert lin.packet(customer.case)["customer"] is None
    assert lin.does("claim", customer.case).status_code == 200
    assert outcome(lin.does("reply", customer.case, text="您好")) == (409, "customer_gone")
    assert lin.does("close", customer.case).status_code == 204
    assert client.exists(keys.session(customer.case)) == 0


def test_how_many_come_before_is_told_when_it_is_known(
    new_customer: Callable[..., Customer], assistant: Assistant
) -> None:
    first = new_customer()
    first.says("转人工")
    with assistant.sessions.hold(uuid4().hex, None) as held:
        others = held.before
    assert others is not None and others >= 1
    second = new_customer()
    second.says("转人工")
    assert f"前面还有 {others} 位" in second.says("人呢")["text"]
