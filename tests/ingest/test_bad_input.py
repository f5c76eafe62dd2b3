"""What goes wrong with raw data every day, through the real ingest: nothing lost, said why, the same bytes again."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from data.ingest.ingest import DayResult
from kefu.privacy.pseudonyms import pseudonym
from tests.ingest.conftest import Shop, dialogue

Content = Callable[[Path], dict[str, bytes]]
DAY, NEXT = "2026-11-09", "2026-11-10"
WAYS = ("kept", "duplicates", "near_duplicates", "quarantined", "forgotten")


@pytest.fixture
def run(shop: Shop, content: Content) -> Callable[[], list[DayResult]]:
    """Runs, and sees to what holds whatever came in: every record went one way, and again is the same."""

    def runs() -> list[DayResult]:
        results = shop.run()
        for day in results:
            assert day.facts["read"] == sum(day.facts[way] for way in WAYS), day
            assert len(shop.dialogues(day.day)) == day.facts["kept"]
            assert len(shop.rejected(day.day)) == day.facts["quarantined"]
        before = content(shop.store)
        assert {day.state for day in shop.run()} <= {"unchanged", "gone"}
        assert content(shop.store) == before
        fresh = shop.root / "fresh"
        if all(day.state != "gone" for day in results):
            shop.run(fresh)
            assert content(fresh) == before
        return results

    return runs


Run = Callable[[], list[DayResult]]


def lines(start: int, end: int) -> str:
    return "".join(dialogue(f"s{n}", f"第{n}个订单到哪了", f"在第{n % 7}站") + "\n" for n in range(start, end))


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_file_that_was_not_copied_to_its_end(shop: Shop, run: Run, kind: str) -> None:
    text = lines(0, 2500).encode()
    packed = gzip.compress(text, 1) if kind == "gz" else pa.compress(text, codec="zstd", asbytes=True)
    path = shop.put(DAY, packed[: len(packed) * 2 // 3], f"a.jsonl.{kind}")
    shop.put(DAY, dialogue("other", "还在吗"), "b.jsonl")
    (day,) = run()
    assert 100 < day.facts["kept"] < 2500
    (problem,) = shop.rejected(DAY)
    assert problem.file == path.name and problem.line == day.facts["kept"]
    assert "file is damaged from here on" in problem.reason and "copy it again" in problem.reason
    path.write_bytes(packed)
    (day,) = run()
    assert (day.state, day.facts["kept"], day.facts["quarantined"]) == ("written", 2501, 0)


def test_lines_in_several_encodings(shop: Shop, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    rows = [line.encode("gb18030" if n % 2 else "utf8") for n, line in enumerate(lines(0, 40).splitlines())]
    rows.append(dialogue("torn", "您好，我的订单到哪了").encode().replace("哪".encode(), b"\xe5\x93"))
    shop.put(DAY, b"\n".join(rows))
    (day,) = run()
    assert day.facts["encodings"] == {"shop/a.jsonl": "gb18030"}
    assert "shop: a.jsonl: what is not UTF-8 is read as gb18030" in caplog.text
    assert [d.turns[0].text for d in shop.dialogues(DAY)] == [f"第{n}个订单到哪了" for n in range(40)]
    (problem,) = shop.rejected(DAY)
    assert problem.line == 41 and "torn or damaged UTF-8" in problem.reason


def test_an_encoding_that_nobody_can_be_sure_of(shop: Shop, run: Run) -> None:
    shop.put(
        DAY, dialogue("k", "주문한 상품이 아직 도착하지 않았습니다").encode("cp949") + b"\n" + lines(0, 2).encode()
    )
    (day,) = run()
    assert (day.facts["kept"], day.facts["quarantined"], day.facts["encodings"]) == (2, 1, {})
    assert "say ingest.sources: encoding in params.yaml, or convert it" in shop.rejected(DAY)[0].reason


def test_a_line_of_50_megabytes(shop: Shop, run: Run) -> None:
    long = dialogue("long", "喂" * (50_000_000 // 3))
    shop.put(DAY, lines(0, 1) + long + "\n" + lines(1, 2))
    shop.put(DAY, f"[{lines(2, 3)},{long}]", "b.json")
    (day,) = run()
    assert (day.facts["kept"], day.facts["quarantined"]) == (3, 2)
    line, element = shop.rejected(DAY)
    assert "line has 50,000,0" in line.reason and "more than 16,777,216" in line.reason and line.line == 2
    assert "array is broken from here on" in element.reason
    assert len(line.raw) <= 2000


def test_nul_bytes(shop: Shop, run: Run) -> None:
    hidden = json.dumps({"session": "n", "customer": "u", "turns": [{"role": "customer", "text": "a\0b"}]})
    shop.put(DAY, lines(0, 1).encode() + b"\0" * 4096 + b"\n" + hidden.encode() + b"\n" + lines(1, 2).encode())
    shop.put(DAY, lines(2, 3).encode("utf-16-le"), "b.jsonl")  # without the mark that would tell
    (day,) = run()
    assert day.facts["kept"] == 2
    first, second, *utf16 = shop.rejected(DAY)
    assert first.line == 2 and "NUL bytes: the disk was full or the machine fell" in first.reason
    assert second.line == 3 and "a text holds a NUL character" in second.reason
    assert utf16 and all(problem.file == "b.jsonl" for problem in utf16)


def test_another_version_of_the_schema(shop: Shop, run: Run) -> None:
    shop.put(DAY, "\n".join(dialogue(f"s{n}", "在吗", schema=version) for n, version in enumerate((1, 2, "new", None))))
    (day,) = run()
    assert (day.facts["kept"], day.facts["quarantined"]) == (1, 3)
    assert "schema: version 2 is not read here, only 1; update Kefu or export it as 1" in shop.rejected(DAY)[0].reason


def test_session_ids_that_come_twice(shop: Shop, run: Run) -> None:
    one, other = dialogue("s1", "我的订单到哪了"), dialogue("s1", "我要退货")
    shop.put(DAY, "\n".join([one, one, other, dialogue("s2", "有红色的吗")]))
    shop.put(NEXT, "\n".join([one, dialogue("s2", "有红色的吗", "有的"), dialogue("s3", "在吗")]))
    first, second = (day.facts for day in run())
    assert (first["kept"], first["duplicates"], first["quarantined"]) == (2, 1, 1)
    assert "session: this id belongs to another dialogue of the day, with other turns" in shop.rejected(DAY)[0].reason
    assert (second["kept"], second["duplicates"], second["seen_before"]) == (2, 1, 1)


def test_a_clock_that_goes_backwards(shop: Shop, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    row = json.loads(dialogue("s1", "在吗", "在的", "到哪了"))
    for turn, time in zip(row["turns"], ("02:59:58+08:00", "02:00:01+08:00", "02:00:09+08:00"), strict=True):
        turn["time"] = f"{DAY}T{time}"
    shop.put(DAY, json.dumps(row) + "\n" + lines(0, 1))
    with caplog.at_level(logging.WARNING):
        (day,) = run()
    assert (day.facts["kept"], day.facts["clock_backwards"]) == (2, 1)
    assert [turn.text for turn in shop.dialogues(DAY)[0].turns] == ["在吗", "在的", "到哪了"]
    assert f"{DAY}: in 1 dialogues the clock goes backwards; turns stay in the order" in caplog.text


def test_an_empty_day(shop: Shop, run: Run) -> None:
    shop.put(DAY, "").unlink()
    shop.put(NEXT, b"", "a.jsonl")
    shop.put(NEXT, b"\n \n\n", "b.jsonl")
    shop.put(NEXT, gzip.compress(b""), "c.jsonl.gz")
    shop.put(NEXT, b"[\n]\n", "d.json")
    shop.put(NEXT, b"", "e.jsonl.gz")
    shop.put(NEXT, b"", "f.jsonl.zst")
    shop.put("2026-11-11", lines(0, 3))
    assert [day.facts["read"] for day in run()] == [0, 0, 3]


def test_a_day_that_arrives_again_with_corrections(shop: Shop, run: Run) -> None:
    path = shop.put(DAY, dialogue("c", "我的订单到哪了", csat=1) + "\n{broken\n" + lines(0, 3))
    shop.put(NEXT, lines(2, 5))
    first, second = run()
    assert (first.facts["kept"], first.facts["quarantined"], second.facts["duplicates"]) == (4, 1, 1)
    path.write_text(dialogue("c", "我的订单到哪了？", "明天到", csat=5) + "\n" + lines(0, 2))  # corrected, and one less
    first, second = run()
    assert (first.state, first.facts["kept"], first.facts["quarantined"]) == ("written", 3, 0)
    assert shop.dialogues(DAY)[0].csat == 5
    assert (second.state, second.facts["kept"], second.facts["duplicates"]) == ("written", 3, 0)  # s2 is here now
    shop.put(DAY, dialogue("c", "我的订单到哪了？", "后天到", csat=5), "late.jsonl")
    first, second = run()
    assert (first.facts["kept"], first.facts["quarantined"], second.state) == (3, 1, "unchanged")
    assert "if it is a correction, remove the dialogue" in shop.rejected(DAY)[0].reason


def test_people_in_what_cannot_be_read_are_pseudonyms(shop: Shop, run: Run) -> None:
    contact = {"id": 7, "name": "张三丰", "identifier": "login-of-zhang", "email": "a@b.com", "phone": "+8613800138000"}
    shop.channel = "chatwoot"
    shop.put(DAY, json.dumps({"id": 1, "meta": {"sender": contact}, "messages": [{"message_type": 9}]}))
    run()
    (problem,) = shop.rejected(DAY)
    assert pseudonym("login-of-zhang") in problem.raw
    assert not [word for word in ("张三丰", "login-of-zhang", "a@b.com", "13800138000") if word in problem.raw]


@pytest.mark.parametrize("written", ['"customer":  "login-of-zhang"', '"visitor_id" :"login-of-zhang"'])
def test_people_are_pseudonyms_however_the_record_is_spaced(shop: Shop, run: Run, written: str) -> None:
    shop.put(DAY, f'{{"session": "s", {written}, "turns": [{{')
    run()
    (problem,) = shop.rejected(DAY)
    assert pseudonym("login-of-zhang") in problem.raw
    assert "login-of-zhang" not in problem.raw


@pytest.mark.parametrize(
    ("channel", "record"),
    [
        ("openai_messages", '{"messages": [{"role": ["user"], "content": "a"}]}'),
        ("sharegpt", '{"conversations": [{"from": {}, "value": "a"}]}'),
    ],
)
def test_a_role_that_is_no_word_costs_its_record_only(shop: Shop, run: Run, channel: str, record: str) -> None:
    shop.channel = channel
    shop.put(DAY, record)
    run()
    assert "is not one of" in shop.rejected(DAY)[0].reason
