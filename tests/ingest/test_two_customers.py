"""A session with two customers is nobody's dialogue: it waits in quarantine, whatever the channel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data.channels.base import TWO_CUSTOMERS
from kefu.privacy.pseudonyms import pseudonym
from kefu.schema import Rejected
from tests.channels.examples import EXAMPLES, GATHERED, document, read, record
from tests.ingest.conftest import Shop, dialogue

DAY = "2026-11-09"
OTHER = {"serving_log": "c_fedcba9876543210"}


def another(channel: str, n: int, words: str) -> str:
    return record(channel, n, words).replace(str(EXAMPLES[channel].customer), OTHER.get(channel, "u8"))


@pytest.mark.parametrize("channel", sorted(GATHERED))
@pytest.mark.parametrize("files", [1, 2])
def test_a_session_gathered_from_lines(channel: str, files: int, tmp_path: Path) -> None:
    """Also over several files of the day; other sessions stay as they are."""
    lines = [record(channel, 1, "在吗"), another(channel, 1, "我也要退"), another(channel, 2, "你好")]
    paths = []
    for number in range(files):
        paths.append(tmp_path / f"{number}")
        paths[-1].write_text(document(channel, *lines[number::files]), encoding="utf8")
    parsed, problems, _ = read(channel, *paths)
    assert [one.session for one in parsed] == ["s2"]
    (problem,) = problems
    assert problem.reason.startswith(f"{TWO_CUSTOMERS}: ")
    for customer in (str(EXAMPLES[channel].customer), OTHER.get(channel, "u8")):
        assert (customer if customer.startswith("c_") else pseudonym(customer)) in problem.reason


SENDER: dict[str, Any] = {"message_type": 0, "content": "在吗"}
RECORDS: dict[str, tuple[str, dict[str, Any]]] = {
    "two contacts": (
        "chatwoot",
        {"id": 1, "messages": [SENDER | {"sender": {"id": 7, "type": "contact"}}, SENDER | {"sender": {"id": 8}}]},
    ),
    "another contact": (
        "chatwoot",
        {"id": 1, "meta": {"sender": {"id": 7}}, "messages": [SENDER | {"sender_id": 8, "sender_type": "Contact"}]},
    ),
    "two identifiers": (
        "chatwoot",
        {"id": 1, "messages": [SENDER | {"sender": {"identifier": one}} for one in ("u7", "u8")]},
    ),
    "end users": (
        "zendesk",
        {
            "id": 3,
            "requester_id": 7,
            "comments": [
                {"author_id": 7, "body": "坏了"},
                {"author_id": 8, "author": {"role": "end-user"}, "body": "我也是"},
            ],
        },
    ),
    "visitors": (
        "zendesk",
        {
            "id": "c",
            "visitor": {"id": "v"},
            "history": [{"type": "chat.msg", "sender_type": "Visitor", "sender_id": n, "msg": "在吗"} for n in (1, 2)],
        },
    ),
    "names of users": (
        "openai_messages",
        {"messages": [{"role": "user", "name": name, "content": "在吗"} for name in ("ann", "bob")]},
    ),
    "customer of a message": (
        "openai_messages",
        {"customer": "u7", "messages": [{"role": "user", "customer": "u8", "content": "在吗"}]},
    ),
    "sharegpt": (
        "sharegpt",
        {"conversations": [{"from": "human", "value": "在吗", "user_id": one} for one in ("u7", "u8")]},
    ),
    "label studio": (
        "label_studio",
        {"data": {"customer": "u7", "dialogue": [{"author": "顾客", "text": "在吗", "customer": "u8"}]}},
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_whose_messages_are_of_two(name: str, tmp_path: Path) -> None:
    channel, row = RECORDS[name]
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row), encoding="utf8")
    parsed, problems, _ = read(channel, path)
    assert parsed == [] and [TWO_CUSTOMERS in problem.reason for problem in problems] == [True]


def test_the_contact_of_a_conversation_may_be_known_in_two_ways(tmp_path: Path) -> None:
    row = {
        "id": 1,
        "meta": {"sender": {"id": 7, "identifier": "u7"}},
        "messages": [
            SENDER | {"sender": {"id": 7, "type": "contact"}},
            SENDER | {"sender": {"identifier": "u7"}},
            {"message_type": 1, "content": "在的", "sender": {"id": 8, "type": "user"}},
        ],
    }
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row), encoding="utf8")
    parsed, problems, _ = read("chatwoot", path)
    assert [one.customer for one in parsed] == ["u7"] and problems == []


def reasons(rejected: list[Rejected]) -> list[str]:
    return [one.reason.split(":")[0] for one in rejected]


@pytest.mark.parametrize("names", [("a.jsonl", "a.jsonl"), ("a.jsonl", "b.jsonl")])
def test_two_records_of_one_session(shop: Shop, names: tuple[str, str]) -> None:
    """With the same turns or others, in one file or two; a third customer's session stays."""
    lines = [dialogue("s1", "在吗", customer="u7"), dialogue("s1", "在吗", customer="u8")]
    lines += [
        dialogue("s2", "退货", customer="u7"),
        dialogue("s2", "换货", customer="u8"),
        dialogue("s3", "好", customer="u9"),
    ]
    for name in set(names):
        chosen = lines if names[0] == names[1] else lines[name > "a.jsonl" :: 2]
        shop.put(DAY, "\n".join(chosen) + "\n", name)
    (day,) = shop.run()
    assert [one.customer for one in shop.dialogues(DAY)] == [pseudonym("u9")]
    assert reasons(shop.rejected(DAY)) == [TWO_CUSTOMERS] * 4 and day.facts["quarantined"] == 4


def test_the_same_words_of_two_customers_are_no_duplicates(shop: Shop) -> None:
    """Two sources count their sessions alike; who is not known may be the one who is."""
    log = {"session": "1", "time": "2026-11-09T10:00:00+08:00", "role": "customer", "text": "在不在"}
    shop.put(DAY, json.dumps(log | {"customer": pseudonym("u8")}) + "\n", source="serving")
    turn = {"role": "customer", "text": "在不在", "time": "2026-11-09T10:00:00+08:00"}
    for number, customer in enumerate(("u7", None, "u7")):
        row = {"session": "1", "customer": customer, "turns": [turn]}
        shop.put(DAY, json.dumps(row) + "\n", f"{number}.jsonl")
    (day,) = shop.run()
    assert {one.customer for one in shop.dialogues(DAY)} == {pseudonym("u7"), pseudonym("u8")}
    assert day.facts["duplicates"] == 2
