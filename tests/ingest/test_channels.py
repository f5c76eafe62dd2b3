"""One contract for all channels: what each must make of a good, a broken and a foreign file."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from data.channels import CHANNELS
from data.channels.base import Parsed
from data.channels.files import Inputs, Problem
from kefu.params import Source

TSV = "s{n}\tu7\t0\t0\t0\tnan\t在吗\ns{n}\tu7\t1\t0\t0\tnan\t在的，亲\n"
LOG = (
    '{{"session":"s{n}","customer":"{who}","time":"2026-11-09T10:00:00+08:00","role":"customer","text":"在吗"}}\n'
    '{{"session":"s{n}","customer":"{who}","time":"2026-11-09T10:00:02+08:00","role":"{agent}","text":"在的，亲"}}\n'
)
OWN = (
    '{{"session":"s{n}","customer":"u7","turns":'
    '[{{"role":"customer","text":"在吗"}},{{"role":"agent","text":"在的，亲"}}]}}\n'
)
OPENAI = (
    '{{"id":"s{n}","customer":"u7","messages":[{{"role":"system","content":"be kind"}},'
    '{{"role":"user","content":[{{"type":"text","text":"在吗"}},{{"type":"image_url","image_url":{{}}}}]}},'
    '{{"role":"assistant","content":null,"tool_calls":[{{}}]}},{{"role":"tool","content":"{{}}"}},'
    '{{"role":"assistant","content":"在的，亲"}}]}}\n'
)
SHAREGPT = (
    '{{"id":"s{n}","conversations":[{{"from":"system","value":"be kind"}},{{"from":"human","value":"在吗"}},'
    '{{"from":"gpt","value":"在的，亲"}}]}}\n'
)
GOOD = {"jddc": TSV, "kefu_jsonl": OWN, "openai_messages": OPENAI, "serving_log": LOG, "sharegpt": SHAREGPT}


def good(channel: str, n: int) -> str:
    return GOOD[channel].format(n=n, agent="bot", who="c_0123456789abcdef")


def parse(channel: str, *files: Path) -> tuple[list[Parsed], list[Problem]]:
    items = list(CHANNELS[channel](Inputs(files, Source(name="shop", channel=channel))))
    return [i for i in items if isinstance(i, Parsed)], [i for i in items if isinstance(i, Problem)]


@pytest.fixture(params=sorted(CHANNELS))
def channel(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_reads_what_was_said_and_nothing_else(channel: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("\ufeff" + good(channel, 1) + "\n" + good(channel, 2), encoding="utf8")
    parsed, problems = parse(channel, path)
    assert not problems
    assert [dialogue.session for dialogue in parsed] == ["s1", "s2"]
    for dialogue in parsed:
        assert [turn.text for turn in dialogue.turns] == ["在吗", "在的，亲"]
        assert [turn.role == "customer" for turn in dialogue.turns] == [True, False]
        assert dialogue.file == "a"
    lines = good(channel, 1).count("\n")
    assert [dialogue.line for dialogue in parsed] == [1, lines + 2]


@pytest.mark.parametrize("broken", ["garbage", "{", "[]", "\x00", '{"a": ' + "[" * 100_000, "1", '{"messages": 3}'])
def test_a_broken_line_is_a_problem_and_the_others_are_read(channel: str, broken: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text(good(channel, 1) + broken + "\n" + good(channel, 2), encoding="utf8")
    parsed, problems = parse(channel, path)
    assert [dialogue.session for dialogue in parsed] == ["s1", "s2"]
    assert [problem.line for problem in problems] == [good(channel, 1).count("\n") + 1]
    assert problems[0].reason
    assert problems[0].raw == broken


def test_another_encoding_is_reported_for_every_line(channel: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes((good(channel, 1) + good(channel, 2)).encode("gb18030"))
    parsed, problems = parse(channel, path)
    assert not parsed
    assert len(problems) == (good(channel, 1) + good(channel, 2)).count("\n")
    assert all("not UTF-8" in p.reason and "iconv" in p.reason for p in problems)


def test_gzip_is_read_and_a_cut_off_one_keeps_its_beginning(channel: str, tmp_path: Path) -> None:
    whole = gzip.compress("".join(good(channel, n) for n in range(3000)).encode())
    (tmp_path / "a.gz").write_bytes(whole)
    assert len(parse(channel, tmp_path / "a.gz")[0]) == 3000
    (tmp_path / "b.gz").write_bytes(whole[: len(whole) // 2])
    parsed, problems = parse(channel, tmp_path / "b.gz")
    assert 100 < len(parsed) < 3000
    assert any("gzip file is damaged" in problem.reason for problem in problems)


def test_no_line_can_stop_a_channel(channel: str, tmp_path: Path) -> None:
    draw = random.Random(7)
    lines = []
    for n in range(400):
        line = list(good(channel, n))
        for _ in range(draw.randrange(4)):
            line[draw.randrange(len(line))] = draw.choice('{}[]",:\\\t\x00 1a在\u2028\ud7ff')
        lines.append("".join(line))
    path = tmp_path / "a"
    path.write_text("".join(lines), encoding="utf8")
    parsed, problems = parse(channel, path)
    assert len(parsed) > 50
    assert len(problems) > 20


def test_jddc_keeps_every_line_of_a_session_or_none(tmp_path: Path) -> None:
    path = tmp_path / "chat.tsv"
    row = "{}\tu\t{}\t0\t0\tnan\t{}\n".format
    path.write_text(
        row("a", 0, "nan") + row("b", 0, "one") + row("a", 1, "with\ttab") + row("b", 2, "no such role")
        + row("c", 0, "one") + "no tab\n" + row("c", 1, "two") + row("d", 1, "ok") + "d\tshort\n"
    )  # fmt: skip
    parsed, problems = parse("jddc", path)
    assert {d.session: [t.text for t in d.turns] for d in parsed} == {"a": ["", "with\ttab"]}
    assert sorted(problem.line for problem in problems) == [2, 5, 6, 8]
    reasons = {problem.line: problem.reason for problem in problems}
    assert "line 4: column 3 is '2'" in reasons[2]
    assert "line 6 cannot be read" in reasons[5]
    assert "2 columns instead of 7" in reasons[8]


def test_sharegpt_array_is_read_up_to_its_damage(tmp_path: Path) -> None:
    one, two, three = (good("sharegpt", n).strip() for n in (1, 2, 3))
    path = tmp_path / "a.json"
    path.write_text(f"[\n{one},\n{two}\n]")
    assert [(d.session, d.line) for d in parse("sharegpt", path)[0]] == [("s1", 2), ("s2", 3)]
    path.write_text(f"[{one},\n{{broken,\n{three}]")
    parsed, problems = parse("sharegpt", path)
    assert [d.session for d in parsed] == ["s1"]
    assert [p.line for p in problems] == [2]


def test_serving_log_survives_a_torn_last_line(tmp_path: Path) -> None:
    log = good("serving_log", 1) + good("serving_log", 2)
    for cut in (1, 3, 4, 5, 6, 20):  # some of them inside a character
        path = tmp_path / "r.jsonl"
        path.write_bytes(log.encode()[:-cut])
        parsed, problems = parse("serving_log", path)
        turns = {d.session: len(d.turns) for d in parsed}
        assert turns == ({"s1": 2, "s2": 2} if cut == 1 else {"s1": 2, "s2": 1})
        assert [p.line for p in problems] == ([] if cut == 1 else [4])


def test_serving_log_joins_a_session_over_replicas(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in good("serving_log", 1).splitlines()]
    rows[1]["outcome"] = "resolved"
    for name, row in (("r2.jsonl", rows[0]), ("r1.jsonl", rows[1])):
        (tmp_path / name).write_text(json.dumps(row) + "\n")
    (dialogue,), problems = parse("serving_log", tmp_path / "r1.jsonl", tmp_path / "r2.jsonl")
    assert not problems
    assert [turn.text for turn in dialogue.turns] == ["在吗", "在的，亲"]
    assert (dialogue.outcome, dialogue.customer) == ("resolved", "c_0123456789abcdef")
