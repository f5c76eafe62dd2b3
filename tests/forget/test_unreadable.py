"""Records that nobody can read: the person's go, in whatever form their id stands there, and nobody else's do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data.forget.mentions import Mentions
from data.forget.raw import forget_raw
from kefu.privacy.pseudonyms import pseudonym
from pipelines.commands.forget import forget
from tests.channels.examples import document, record
from tests.forget.conftest import Project
from tests.forget.test_raw import forget_him, hers, params, put

LONG, OTHER = "u-lin-4711", "u-wang-0815"
FILLER = "在吗" * 5000  # beyond what a problem shows, and what quarantine reads


def chatwoot(sender: dict[str, Any], **more: Any) -> str:
    """A conversation that cannot be read: its first message has a type that nobody knows."""
    messages = [{"id": 7, "message_type": 9, "content": FILLER, "sender": {"id": 7, "type": "user"}}]
    row = {"id": 42, "csat": 7, "messages": messages, "meta": {"assignee": {"id": 7}, "sender": sender}, **more}
    return json.dumps(row, ensure_ascii=False) + "\n"


def zendesk(**person: Any) -> str:
    return json.dumps({"id": 9, "comments": [{"id": 7, "body": FILLER}], "priority": 7, **person}) + "\n"


TORN = chatwoot({"identifier": LONG})[:-4] + "\n"
CASES = {
    "nested number": ("chatwoot", "chatwoot:7", chatwoot({"tags": {}, "id": 7}), chatwoot({"tags": {}, "id": 8})),
    "nested text": ("chatwoot", "u7", chatwoot({"identifier": "u7"}), chatwoot({"identifier": "u8"})),
    "contact": ("chatwoot", "chatwoot:7", chatwoot({}, contact={"id": "7"}), chatwoot({}, contact={"id": 77})),
    "torn": ("chatwoot", LONG, TORN, TORN.replace(LONG, OTHER)),
    "requester_id": ("zendesk", "zendesk:7", zendesk(requester_id=7), zendesk(requester_id=8)),
    "external_id": ("zendesk", "u7", zendesk(requester={"external_id": "u7"}), zendesk(requester={"external_id": "u"})),
    "visitor": ("zendesk", "zendesk:7", zendesk(visitor={"id": "7"}), zendesk(visitor={"id": "8"})),
    "escaped": ("kefu_jsonl", "u7", '{"customer": "\\u00757", "turns": 1}\n', '{"customer": "\\u00758", "turns": 7}\n'),
    "number": ("kefu_jsonl", "7", '{"customer": 7, "turns": 1}\n', '{"customer": 8, "turns": 7}\n'),
    "chinese": ("kefu_jsonl", "林小姐的店铺号", '{"a": "林小姐的店铺号", {\n', '{"a": "王小姐的店铺号", {\n'),
    "no quotes": ("kefu_jsonl", LONG, f"turns: {LONG}, {FILLER}\n", f"turns: {OTHER}, {FILLER}\n"),
    "session": ("kefu_jsonl", "shop:s5", '{"session": "s5", "turns": 1}\n', '{"session": "s55", "turns": 1}\n'),
    "column": ("jddc", "7", "s1\t7\t1\n", "s2\t8\t7\n"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_unreadable_record_goes_with_the_person_whose_id_is_in_it(name: str, tmp_path: Path) -> None:
    channel, customer, theirs, others = CASES[name]
    path = put(tmp_path, (others + theirs + others).encode())
    removed = forget_raw(tmp_path, pseudonym(customer), params(channel), True)
    assert (removed.records, removed.failed) == (1, [])
    assert path.read_text(encoding="utf8") == others + others


@pytest.mark.parametrize("broken", [b"\xff\xfe\xe5", b"\0"])
@pytest.mark.parametrize("channel", ["chatwoot", "jddc", "kefu_jsonl", "zendesk"])
def test_a_line_that_is_no_text_is_searched_to_its_end(channel: str, broken: bytes, tmp_path: Path) -> None:
    filler = broken + FILLER.encode()
    his, her = (
        text.encode().replace(b"\xe5\x9c\xa8\xe5\x90\x97", filler) for text in (record(channel, 1), hers(channel, 2))
    )
    moved = [line.replace(b'"customer":"u7",', b"").replace(b"}\n", b',"customer":"u7"}\n') for line in (his, her)]
    his, her = moved if channel == "kefu_jsonl" else (his, her)
    her = her.replace(b'"customer":"u7"', b'"customer":"u8"')
    more = her.replace(b"s2", b"s3")
    path = put(tmp_path, her + his + more)
    assert forget_him(tmp_path, channel).failed == []
    assert path.read_bytes() == her + more


def test_a_long_line_is_searched_in_parts(tmp_path: Path) -> None:
    start, end = b'{"turns": "' + b"a" * (17 << 20), f'", "customer": "{LONG}"}}\n'.encode()
    other = start + end.replace(LONG.encode(), OTHER.encode())
    path = put(tmp_path, other + start + end)
    assert forget_raw(tmp_path, pseudonym(LONG), params("kefu_jsonl"), True).failed == []
    assert path.read_bytes() == other


def test_rows_of_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    """A quote that is never closed, a cell too many, a session without a name."""
    kept = ['s2,8,2026/11/9 10:00,买家,"7 7\n', "s3,8,2026/11/9 10:00,买家,7,7\n", ",8,2026/11/9 10:00,买家,7\n"]
    gone = [line.replace(",8,", ",7,").replace("s2", "s4").replace("s3", "s5") for line in kept]
    more = "s5,,2026/11/9 10:01,买家,在吗\n"  # of a session with a row that cannot be read
    path = put(tmp_path, document("csv", kept[2], gone[1], kept[1], more, gone[2], gone[0], kept[0]).encode())
    removed = forget_raw(tmp_path, pseudonym("7"), params("csv"), True)
    assert removed.failed == []
    assert path.read_text(encoding="utf8") == document("csv", kept[2], kept[1], kept[0])


def test_a_table_without_its_header_is_searched_cell_by_cell(tmp_path: Path) -> None:
    path = put(tmp_path, (record("csv", 1) + hers("csv", 2).replace("2026/11/9", "u77 u7,")).encode())
    assert forget_him(tmp_path, "csv").failed == []
    assert path.read_text(encoding="utf8") == hers("csv", 2).replace("2026/11/9", "u77 u7,")


def test_short_ids_count_only_where_people_stand() -> None:
    named = Mentions(pseudonym("chatwoot:7"), "shop")
    for text in (
        '{"id": 7, "csat": 7, "list": [7]} 7',
        '{"sender": {"id": 7, "type": "agent_bot"}}',
        '{"sender_id": 7, "sender_type": "User"}',
        '{"conversation": {"id": 7}}',
    ):
        assert not named.in_text(text), text
    for text in ('{"meta": {"sender": {"custom": {"a": [{}]}, "id": 7', '{"sender_id": "7", "sender_type": "Contact"}'):
        assert named.in_text(text), text


def test_quarantine_of_a_day_without_raw_files_loses_them_too(full: Project) -> None:
    """The id is nested, so quarantine shows no pseudonym; DVC's cache holds the same rows."""
    day = "2026-11-02"
    full.put(
        f"shop/dt={day}/b.jsonl", '{"sender": {"id": "u7"}, "text": "说鹦鹉"}\n{"sender": {"id": "u8"}, "text": "说"}\n'
    )
    full.ingest()
    full.dvc("add", "-q", "store/dialogues")
    (full.root / f"store/raw/shop/dt={day}/b.jsonl").unlink()
    rows = full.store / f"dialogues/dt={day}/quarantine.jsonl"
    assert "说鹦鹉" in rows.read_text()
    assert forget("u7").counts["DVC cache objects"] == 1
    assert "说鹦鹉" not in rows.read_text() and "u8" in rows.read_text()
