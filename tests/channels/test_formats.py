"""What only one format has: who speaks, what was not said, ratings, column maps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from data.channels import CHANNELS
from data.channels.base import ParsedDialogue
from data.channels.params import Source
from data.channels.reading.files import Inputs, Problem
from kefu.privacy.pseudonyms import pseudonym
from tests.channels.examples import document, read, record, source

Turns = list[tuple[str, str]]


def one(channel: str, row: dict[str, Any], path: Path, roles: dict[str, Any] | None = None) -> ParsedDialogue | Problem:
    """What the channel makes of one JSON record."""
    path.write_text(json.dumps(row))
    (item,) = CHANNELS[channel](Inputs([path], Source(name="shop", channel=channel, roles=roles or {})))
    return item


def said(item: ParsedDialogue | Problem) -> Turns:
    assert isinstance(item, ParsedDialogue), item
    return [(turn.role, turn.text) for turn in item.turns]


def reason(item: ParsedDialogue | Problem) -> str:
    assert isinstance(item, Problem), item
    return item.reason


def test_alpaca_history_comes_first(tmp_path: Path) -> None:
    row: dict[str, Any] = {"instruction": "到哪了", "input": "KF1", "output": "明天", "history": [["在吗", "在的"]]}
    assert said(one("alpaca", row, tmp_path / "a")) == [
        ("customer", "在吗"), ("agent", "在的"), ("customer", "到哪了\nKF1"), ("agent", "明天")
    ]  # fmt: skip
    assert "history[0]: expected [question, answer]" in reason(
        one("alpaca", row | {"history": [["a"]]}, tmp_path / "a")
    )
    assert "output: expected text" in reason(one("alpaca", {"instruction": "a"}, tmp_path / "a"))


def test_chatwoot_tells_bots_and_reads_the_survey(tmp_path: Path) -> None:
    survey = {"submitted_values": {"csat_survey_response": {"rating": 2}}}
    messages: list[dict[str, Any]] = [
        {"message_type": 3, "content": "欢迎光临"},
        {"message_type": 0, "content": None, "attachments": [{"file_type": "image"}], "conversation_id": 4},
        {"message_type": 1, "content": "稍等", "sender": {"type": "agent_bot"}},
        {"message_type": 1, "content": "撤回的话", "content_attributes": {"deleted": True}},
        {"message_type": 1, "content": "打分", "content_type": "input_csat", "content_attributes": survey},
    ]
    item = one("chatwoot", {"meta": {"contact": {"id": 7}}, "payload": messages}, tmp_path / "a")
    assert said(item) == [("bot", "欢迎光临"), ("customer", ""), ("bot", "稍等")]
    assert isinstance(item, ParsedDialogue) and (item.session, item.customer, item.csat) == ("4", "chatwoot:7", 2)
    wrong = one("chatwoot", {"id": 1, "messages": [{"message_type": 9}]}, tmp_path / "a")
    assert "messages[0].message_type: 9 is not one of 0 to 3" in reason(wrong)
    assert "messages: expected an array" in reason(one("chatwoot", {"conversations_count": 5}, tmp_path / "a"))


def test_zendesk_tickets_and_chats(tmp_path: Path) -> None:
    comments = [
        {"author_id": 7, "body": "坏了"},
        {"author_id": -1, "body": "已收到"},
        {"author_id": 7, "author": {"role": "end-user"}, "body": "还坏了"},
        {"author_id": 9, "body": "换新的"},
    ]
    ticket = {"id": 3, "requester_id": 7, "satisfaction_rating": {"score": "bad"}, "comments": comments}
    item = one("zendesk", ticket, tmp_path / "a")
    assert [role for role, _ in said(item)] == ["customer", "bot", "customer", "agent"]
    assert isinstance(item, ParsedDialogue) and (item.customer, item.csat, item.outcome) == ("zendesk:7", 1, None)
    assert "full JSON export" in reason(one("zendesk", {"id": 3, "requester_id": 7}, tmp_path / "a"))
    history = [
        {"type": "chat.memberjoin", "name": "v"},
        {"type": "chat.msg", "sender_type": "Visitor", "msg": "在吗", "timestamp": "2026-11-09T02:00:00Z"},
        {"type": "chat.msg", "sender_type": "Trigger", "msg": "您好"},
        {"type": "chat.msg", "sender_type": "Agent", "msg": "在的"},
    ]
    chat = one("zendesk", {"id": "c", "visitor": {"id": "v"}, "rating": "good", "history": history}, tmp_path / "a")
    assert said(chat) == [("customer", "在吗"), ("bot", "您好"), ("agent", "在的")]
    assert isinstance(chat, ParsedDialogue) and (chat.customer, chat.csat) == ("zendesk:v", 5)
    left = {"id": "o", "type": "offline_msg", "message": "有人吗", "timestamp": "2026-11-09T02:00:00Z"}
    assert said(one("zendesk", left, tmp_path / "a")) == [("customer", "有人吗")]


def test_label_studio_maps_speakers_as_the_source_says(tmp_path: Path) -> None:
    turns = [
        {"author": "Ann", "text": "在吗"},
        {"author": "Buyer", "text": "喂"},
        {"author": "system", "text": "joined"},
    ]
    row = {"id": 5, "dialogue": turns, "intent": "greeting"}  # JSON-MIN
    unknown = reason(one("label_studio", row, tmp_path / "a"))
    assert "dialogue[0]: an unknown speaker; say who it is, ingest.sources: roles" in unknown and "Ann" not in unknown
    item = one("label_studio", row, tmp_path / "a", {"Ann": "agent"})
    assert said(item) == [("agent", "在吗"), ("customer", "喂")]
    assert "expected one list of turns" in reason(one("label_studio", {"data": {"text": "在吗"}}, tmp_path / "a"))


def test_jddc_keeps_every_line_of_a_session_or_none(tmp_path: Path) -> None:
    path = tmp_path / "chat.tsv"
    row = "{}\tu\t{}\t0\t0\tnan\t{}\n".format
    path.write_text(
        row("a", 0, "nan") + row("b", 0, "one") + row("a", 1, "with\ttab") + row("b", 2, "no such role")
        + row("c", 0, "one") + "no tab\n" + row("c", 1, "two") + row("d", 1, "ok") + "d\tshort\n"
    )  # fmt: skip
    parsed, problems, _ = read("jddc", path)
    assert {d.session: [t.text for t in d.turns] for d in parsed} == {"a": ["", "with\ttab"]}
    reasons = {problem.line: problem.reason for problem in problems}
    assert sorted(reasons) == [2, 5, 6, 8]
    assert "line 4: column 3 is '2'" in reasons[2]
    assert "line 6 cannot be read" in reasons[5]
    assert "2 columns instead of 7" in reasons[8]


def test_serving_log_survives_a_torn_last_line(tmp_path: Path) -> None:
    log = record("serving_log", 1) + record("serving_log", 2)
    for cut in (1, 3, 4, 5, 6, 20):  # some of them inside a character
        path = tmp_path / "r.jsonl"
        path.write_bytes(log.encode()[:-cut])
        parsed, problems, inputs = read("serving_log", path)
        turns = {d.session: len(d.turns) for d in parsed}
        assert turns == ({"s1": 2, "s2": 2} if cut == 1 else {"s1": 2, "s2": 1})
        assert [p.line for p in problems] == ([] if cut == 1 else [4])
        assert not inputs.encodings


def test_serving_log_joins_a_session_over_replicas(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in record("serving_log", 1).splitlines()]
    rows[1]["outcome"] = "resolved"
    for name, row in (("r2.jsonl", rows[0]), ("r1.jsonl", rows[1])):
        (tmp_path / name).write_text(json.dumps(row) + "\n")
    (dialogue,), problems, _ = read("serving_log", tmp_path / "r1.jsonl", tmp_path / "r2.jsonl")
    assert not problems
    assert [turn.text for turn in dialogue.turns] == ["在吗", "在的，您好"]
    assert (dialogue.outcome, dialogue.customer) == ("resolved", "c_0123456789abcdef")


def test_csv_rows_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    rows = [
        'a,login-1,2026/11/9 10:00,买家,"两行\n字,""引号"""\n',  # lines 2 and 3
        "b,login-2,2026/11/9 10:00,机器猫,什么\n",
        "c,login-3,noon,买家,几点\n",
        ",login-4,2026/11/9 10:00,买家,没有会话\n",
        "d,login-5,2026/11/9 10:00,买家,多,一格\n",
        'e,login-6,2026/11/9 10:00,买家,"引号没关\n',
        "f,login-7,2026/11/9 10:00,系统,顾客进入\nf,login-7,,买家,在\n",
    ]
    path = tmp_path / "a.csv"
    path.write_text(document("csv", *rows), encoding="utf-8-sig")
    parsed, problems, _ = read("csv", path)
    texts = {d.session: [turn.text for turn in d.turns] for d in parsed}
    assert texts == {"a": ['两行\n字,"引号"'], "f": ["在"]}
    reasons = {problem.line: problem.reason for problem in problems}
    expected = {
        4: "line 4: 发送方: not one of 买家, 卖家, 系统: add it to roles",
        5: "line 5: 时间: 'noon' is not %Y/%m/%d %H:%M, which is time_format",
        6: "会话ID: empty: every row needs its session",
        7: "line 7: 6 cells instead of 5: quote cells that hold the delimiter",
        8: "is a quote not closed?",
    }
    assert sorted(reasons) == sorted(expected)
    assert all(expected[line] in found for line, found in reasons.items()), reasons
    shown = {problem.line: problem.raw for problem in problems}
    assert pseudonym("login-2") in shown[4] and "login-2" not in shown[4] and "机器猫" not in shown[4]
    assert shown[8] == ""


def test_csv_without_the_mapped_columns_says_which(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("session,who,text\ns1,login-1,在吗\n")
    parsed, problems, _ = read("csv", path)
    assert not parsed and len(problems) == 2
    assert all(
        "header (line 1): each of these columns must appear exactly once: 会话ID, 发送方, 内容, 买家, 时间" in p.reason
        for p in problems
    )
    assert all("correct ingest.sources: shop: columns" in p.reason for p in problems)
    assert "login-1" not in str(problems)


def test_a_source_that_does_not_fit_its_channel_is_refused() -> None:
    columns = source("csv").columns
    wrong: dict[str, dict[str, Any]] = {
        "channel csv needs columns and roles, e.g. columns: {session": {"channel": "csv"},
        "columns, delimiter and time_format are for channel csv only": {"channel": "jddc", "columns": columns},
        "roles are for channels csv and label_studio only": {"channel": "jddc", "roles": {"a": "agent"}},
        "unknown encoding: gbl": {"channel": "jddc", "encoding": "gbl"},
        "Input should be 'customer', 'agent', 'bot' or 'ignore'": {"channel": "label_studio", "roles": {"a": "boss"}},
        "colour": {"channel": "csv", "columns": {"session": "a", "role": "b", "text": "c", "colour": "d"}},
    }
    for message, given in wrong.items():
        with pytest.raises(ValidationError, match=message.replace("(", "\\(")):
            Source(name="shop", **given)
