"""A day of sessions too large for memory goes by way of the disk, and nothing changes."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from data.channels import CHANNELS
from data.channels.base import ParsedDialogue
from data.channels.params import Source
from data.channels.reading.files import Inputs
from data.channels.reading.gathered import parts
from tests.channels.examples import document, read, record, source


def _log(folder: Path, sessions: int) -> list[Path]:
    files = [folder / "r1.jsonl", folder / "r2.jsonl"]
    row = {"customer": None, "role": "customer"}
    for number, file in enumerate(files):
        lines = [
            json.dumps(
                row | {"session": f"会话{n}", "time": f"2026-11-09T1{turn}:00:0{number}Z", "text": f"{turn} {n}\n"}
            )
            for turn in range(3)
            for n in range(sessions)
        ]
        file.write_text("\n".join([*lines, "{torn"]))
    return files


def _read(files: list[Path]) -> list[object]:
    return list(CHANNELS["serving_log"](Inputs(files, Source(name="serving", channel="serving_log"))))


def test_by_way_of_the_disk_the_sessions_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = _log(tmp_path, 200)
    assert parts(files) == 1
    in_memory = _read(files)
    monkeypatch.setattr("data.channels.reading.gathered.PART", 10_000)
    assert parts(files) > 5
    assert _read(files) == in_memory
    sessions = [item for item in in_memory if isinstance(item, ParsedDialogue)]
    assert len(sessions) == len(in_memory) - 2 == 200
    assert all(len(item.turns) == 6 for item in sessions)


@pytest.mark.parametrize("channel", ["csv", "jddc"])
def test_tables_by_way_of_the_disk_with_interleaved_sessions_and_stray_lines(
    channel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row for n in range(60) for row in record(channel, n).splitlines(keepends=True)]
    broken = rows[6].replace("买家", "机器猫") if channel == "csv" else rows[6].replace("\t0\t", "\t7\t", 1)
    mixed = [*rows[0::2], broken, *rows[1::2], "no session here\n", *rows[:2]]
    (tmp_path / "a").write_text(document(channel, *mixed[:90]), encoding="utf8")
    (tmp_path / "b").write_text(document(channel, *mixed[90:]), encoding="utf8")
    parsed, problems, _ = read(channel, tmp_path / "a", tmp_path / "b")
    assert len(parsed) == 59 and sorted(problem.file for problem in problems) == ["a", "b"]
    assert sum("session is incomplete" in problem.reason for problem in problems) == (2 if channel == "csv" else 1)
    assert {len(dialogue.turns) for dialogue in parsed} == {2, 4}  # the first session goes on at the end
    monkeypatch.setattr("data.channels.reading.gathered.PART", 500)
    assert parts([tmp_path / "a", tmp_path / "b"]) > 5
    assert read(channel, tmp_path / "a", tmp_path / "b")[:2] == (parsed, problems)


@pytest.mark.parametrize("channel", ["csv", "jddc", "serving_log"])
def test_a_large_day_is_never_in_memory_as_a_whole(
    channel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_text(document(channel, *(record(channel, n, f"{n} hello " * 200) for n in range(1000))))
    monkeypatch.setattr("data.channels.reading.gathered.PART", 200_000)
    tracemalloc.start()
    seen = sum(1 for _ in CHANNELS[channel](Inputs([path], source(channel))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == 1000
    assert peak < path.stat().st_size / 3


def test_a_compressed_file_counts_for_more(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.jsonl.gz"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(33_000_000)
    assert parts([tmp_path / "a.jsonl"]) == 2
    assert parts([tmp_path / "a.jsonl.gz"]) == 21
