"""A day of sessions too large for memory goes by way of the disk, and nothing changes but the order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.channels import CHANNELS
from data.channels.base import Parsed
from data.channels.files import Inputs
from data.channels.gathered import parts
from kefu.params import Source


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
    monkeypatch.setattr("data.channels.gathered.PART", 10_000)
    assert parts(files) > 5
    on_disk = _read(files)
    assert on_disk == _read(files)
    assert on_disk[:2] == in_memory[:2]  # the problems come first, in order
    sessions = [{item.session: item for item in items if isinstance(item, Parsed)} for items in (in_memory, on_disk)]
    assert sessions[0] == sessions[1]
    assert len(sessions[0]) == len(in_memory) - 2 == len(on_disk) - 2 == 200
    assert all(len(item.turns) == 6 for item in sessions[1].values())


def test_a_compressed_file_counts_for_more(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.jsonl.gz"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(33_000_000)
    assert parts([tmp_path / "a.jsonl"]) == 2
    assert parts([tmp_path / "a.jsonl.gz"]) == 9
