"""One contract for all channels: what each must make of a good, a broken and a foreign file."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from data.channels import CHANNELS
from data.channels.base import ParsedDialogue, PerLine
from data.channels.reading.files import Inputs
from data.channels.reading.json_arrays import records
from tests.channels.examples import EXAMPLES, GATHERED, WHEN, document, read, record, source

BROKEN = ["garbage", "{", "[]", "\x00", '{"a": ' + "[" * 100_000, "1", '{"messages": 3}', '"', "[1]"]
RECORDS = 4000  # whose compressed bytes are several blocks
ARRAYS = sorted(name for name in CHANNELS if isinstance(CHANNELS[name], PerLine) or name == "label_studio")


@pytest.fixture(params=sorted(CHANNELS))
def channel(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def sessions(parsed: Sequence[ParsedDialogue]) -> list[str | None]:
    return [dialogue.session for dialogue in parsed]


def assert_good(channel: str, dialogue: ParsedDialogue, words: str = "在吗") -> None:
    example = EXAMPLES[channel]
    assert [turn.text for turn in dialogue.turns] == [words, "在的，您好"]
    assert [turn.role for turn in dialogue.turns] == ["customer", example.answered]
    assert dialogue.customer == example.customer
    asked = dialogue.turns[0].time
    assert (asked is not None) == example.timed
    if asked and "+" in asked:  # a CSV has no offset: ``validate`` adds the source's time zone
        assert datetime.fromisoformat(asked) == datetime.fromisoformat(WHEN)
    assert asked is None or "+" in asked or asked.endswith("Z") or asked == WHEN[:19]


def test_reads_what_was_said_and_nothing_else(channel: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("\ufeff" + document(channel, record(channel, 1), "\n", record(channel, 2)), encoding="utf8")
    parsed, problems, inputs = read(channel, path)
    assert not problems
    assert sessions(parsed) == ["s1", "s2"]
    for dialogue in parsed:
        assert_good(channel, dialogue)
        assert dialogue.file == "a"
    header, lines = EXAMPLES[channel].header.count("\n"), record(channel, 1).count("\n")
    assert [dialogue.line for dialogue in parsed] == [header + 1, header + lines + 2]
    assert not inputs.encodings
    assert read(channel, path)[:2] == (parsed, problems)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_line_is_a_problem_and_the_others_are_read(
    channel: str, broken: str, first: bool, tmp_path: Path
) -> None:
    parts = [record(channel, 1), broken + "\n", record(channel, 2)]
    path = tmp_path / "a"
    path.write_text(document(channel, *(parts[1:] if first else parts)), encoding="utf8")
    parsed, problems, _ = read(channel, path)
    assert sessions(parsed) == (["s2"] if first else ["s1", "s2"])
    (problem,) = problems
    assert problem.line == EXAMPLES[channel].header.count("\n") + 1 + (0 if first else parts[0].count("\n"))
    assert problem.reason
    assert problem.raw == broken or (channel == "csv" and not problem.raw)  # its customer could not be hidden


def test_no_line_can_stop_a_channel_and_none_gets_lost(channel: str, tmp_path: Path) -> None:
    draw = random.Random(7)
    lines = []
    for n in range(400):
        line = list(record(channel, n))
        for _ in range(draw.randrange(4)):
            line[draw.randrange(len(line) - 1)] = draw.choice('{}[]",:\\\t\x00 1a在\u2028\ud7ff')
        lines.append("".join(line))
    path = tmp_path / "a"
    path.write_text(document(channel, *lines), encoding="utf8")
    parsed, problems, _ = read(channel, path)
    assert len(parsed) > 50
    assert len(problems) > 20
    raws = [*(item.raw for item in parsed), *(item.raw for item in problems)]
    assert sum(raw.count("\n") + 1 for raw in raws) == "".join(lines).count("\n")
    if channel not in GATHERED:
        assert len(parsed) + len(problems) == 400
    assert all(problem.reason and problem.file == "a" and problem.line for problem in problems)
    known = [int(name[1:]) for name in sessions(parsed) if name and name[1:].isdecimal() and name.isascii()]
    assert sum(a > b for a, b in zip(known, known[1:], strict=False)) < 12  # in order, but for mutated ids


def test_any_bytes_are_problems_at_worst(channel: str, tmp_path: Path) -> None:
    draw, path = random.Random(3), tmp_path / "a"
    for start in (b"", b"[{", b"\xff\xfe", document(channel, record(channel, 1)).encode()):
        path.write_bytes(start + draw.randbytes(20_000))
        parsed, problems, _ = read(channel, path)
        assert problems
        assert sessions(parsed) == (["s1"] if len(start) > 2 else [])


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_packed_file_is_read_and_a_cut_off_one_keeps_its_beginning(channel: str, kind: str, tmp_path: Path) -> None:
    text = document(channel, *(record(channel, n) for n in range(RECORDS))).encode()
    whole = gzip.compress(text, 1) if kind == "gz" else pa.compress(text, codec="zstd", asbytes=True)
    (tmp_path / f"a.{kind}").write_bytes(whole)
    assert len(read(channel, tmp_path / f"a.{kind}")[0]) == RECORDS
    (tmp_path / f"b.{kind}").write_bytes(whole[: len(whole) * 3 // 4])
    parsed, problems, _ = read(channel, tmp_path / f"b.{kind}")
    assert 100 < len(parsed) < RECORDS
    assert any("file is damaged from here on" in p.reason and "copy it again" in p.reason for p in problems)


@pytest.mark.parametrize("encoding", ["gb18030", "big5hkscs", "utf-16", "utf-32"])
def test_another_encoding_is_found_out_and_recorded(channel: str, encoding: str, tmp_path: Path) -> None:
    if (channel, encoding) == ("csv", "big5hkscs"):
        pytest.skip("the example's column names are simplified Chinese")
    words = "您好，請問我的訂單什麼時候到" if encoding == "big5hkscs" else "您好，请问我的订单什么时候到"
    path = tmp_path / "a"
    path.write_bytes(document(channel, *(record(channel, n, words) for n in range(30))).encode(encoding, "replace"))
    parsed, problems, inputs = read(channel, path)
    assert not problems
    assert len(parsed) == 30
    for dialogue in parsed:
        assert_good(channel, dialogue, words)
    assert inputs.encodings == {"shop/a": encoding}


def test_an_encoding_that_is_not_certain_is_reported_with_what_to_do(channel: str, tmp_path: Path) -> None:
    path, words = tmp_path / "a", "주문한 상품이 아직 도착하지 않았습니다"
    path.write_bytes(EXAMPLES[channel].header.encode() + record(channel, 1, words).encode("cp949", "replace"))
    _, problems, inputs = read(channel, path)
    assert not inputs.encodings
    assert "ingest.sources: encoding in params.yaml" in problems[0].reason
    if channel != "csv":  # whose 买家 is lost in this encoding
        parsed, problems, inputs = read(channel, path, encoding="cp949")
        assert not problems and parsed[0].turns[0].text == words
        assert inputs.encodings == {"shop/a": "cp949"}


@pytest.mark.parametrize("form", ["one line", "indented", "a line each"])
@pytest.mark.parametrize("channel", ARRAYS)
def test_a_json_array_is_read_like_lines(channel: str, form: str, tmp_path: Path) -> None:
    texts = [record(channel, n).strip() for n in range(2000)]
    rows = [json.loads(text) for text in texts]
    indent = 2 if form == "indented" else None
    path = tmp_path / "a.json"
    path.write_text("[\n" + ",\n".join(texts) + "\n]\n" if form == "a line each" else json.dumps(rows, indent=indent))
    parsed, problems, _ = read(channel, path)
    assert not problems
    assert sessions(parsed) == [f"s{n}" for n in range(2000)]
    assert_good(channel, parsed[-1])
    lines = path.read_text().splitlines()
    second = {"one line": 1, "indented": lines.index("  },") + 2 if indent else 0, "a line each": 3}
    assert [parsed[0].line, parsed[1].line] == [1 if form == "one line" else 2, second[form]]


@pytest.mark.parametrize("channel", ARRAYS)
def test_an_array_is_read_up_to_its_damage(channel: str, tmp_path: Path) -> None:
    one, two, three = (record(channel, n).strip() for n in (1, 2, 3))
    path = tmp_path / "a.json"
    endings = {f",\n{{broken,\n{three}]": 1, f",\n{two}": 2, f",\n{two},": 2, f",\n{two[:-9]}": 1, "]garbage": 1}
    for ending, whole in endings.items():
        path.write_text(f"[{one}{ending}")
        parsed, problems, _ = read(channel, path)
        assert sessions(parsed) == ["s1", "s2"][:whole]
        (problem,) = problems
        assert "array" in problem.reason
    path.write_text(f"[{one},\n7,{two}]")
    parsed, problems, _ = read(channel, path)
    assert sessions(parsed) == ["s1", "s2"] and "expected an object, got int" in problems[0].reason


@pytest.mark.parametrize("channel", ARRAYS)
def test_an_array_in_another_encoding_or_with_a_lost_byte(channel: str, tmp_path: Path) -> None:
    words, path = "您好，请问我的订单什么时候到", tmp_path / "a.json"
    text = "[" + ",".join(record(channel, n, words).strip() for n in range(2000)) + "]"
    path.write_bytes(text.encode("gb18030"))
    parsed, problems, inputs = read(channel, path)
    assert not problems and len(parsed) == 2000 and inputs.encodings == {"shop/a.json": "gb18030"}
    assert_good(channel, parsed[1500], words)
    path.write_bytes(text.encode().replace("订".encode(), b"\xe8\xae", 1))
    parsed, problems, inputs = read(channel, path)
    (problem,) = problems
    assert len(parsed) == 1999 and "torn or damaged UTF-8" in problem.reason and not inputs.encodings


def test_a_large_array_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[" + ",".join([record("sharegpt", 1, "hello " * 700).strip()] * 5000) + "]")
    tracemalloc.start()
    seen = sum(1 for _ in records(path, Inputs([path], source("sharegpt"))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == 5000
    assert peak < path.stat().st_size / 4


def test_lines_of_two_encodings_in_one_file(channel: str, tmp_path: Path) -> None:
    words = "您好，请问我的订单什么时候到"
    text = [record(channel, n, words) for n in range(20)]
    path = tmp_path / "a"
    header = EXAMPLES[channel].header.encode()
    path.write_bytes(header + b"".join(t.encode("gb18030" if n % 2 else "utf8") for n, t in enumerate(text)))
    parsed, problems, inputs = read(channel, path)
    assert not problems
    assert sessions(parsed) == [f"s{n}" for n in range(20)]
    assert all(dialogue.turns[0].text == words for dialogue in parsed)
    assert list(inputs.encodings.values()) == ["gb18030"]
