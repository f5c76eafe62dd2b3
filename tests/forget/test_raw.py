"""Raw files lose one person's records and nothing else, whatever the channel, encoding and compression."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import pyarrow as pa
import pytest

from data.channels import CHANNELS
from data.channels.base import PerLine
from data.channels.params import Source
from data.forget import raw as raw_files
from data.forget.raw import RemovedRecords, forget_raw
from data.ingest.params import Ingest
from kefu.privacy.pseudonyms import pseudonym
from tests.channels.examples import EXAMPLES, document, record, source

HIM, HER = "u7", "u8"
DAY = "dt=2026-11-09"
ARRAYS = sorted(name for name in CHANNELS if isinstance(CHANNELS[name], PerLine) or name == "label_studio")


def params(channel: str, encoding: str | None = None) -> Ingest:
    sources: tuple[Source, ...] = (source(channel, encoding),)
    return Ingest(sources=sources, timezone="Asia/Shanghai", max_text=8000, min_turns=1)


def hers(channel: str, n: int, words: str = "在吗") -> str:
    """A record of another person."""
    other = "c_fedcba9876543210" if channel == "serving_log" else HER
    return record(channel, n, words).replace(str(EXAMPLES[channel].customer), other).replace('"id":7', '"id":8')


def put(folder: Path, content: bytes, name: str = "a.jsonl") -> Path:
    path = folder / "shop" / DAY / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def forget_him(folder: Path, channel: str, write: bool = True, encoding: str | None = None) -> RemovedRecords:
    him = str(EXAMPLES[channel].customer)
    return forget_raw(folder, him if him.startswith("c_") else pseudonym(him), params(channel, encoding), write)


@pytest.mark.parametrize("channel", sorted(CHANNELS))
def test_every_channel_loses_his_records_and_keeps_hers(channel: str, tmp_path: Path) -> None:
    """Interleaved, with a byte order mark, a line of damage, and line ends of Windows in it."""
    damage = "" if channel == "csv" else "garbage\n"
    kept = [hers(channel, 2), damage, hers(channel, 3)]
    before = document(channel, kept[0], record(channel, 1), kept[1], record(channel, 4), kept[2])
    path = put(tmp_path, b"\xef\xbb\xbf" + before.replace("\n", "\r\n").encode())
    removed = forget_him(tmp_path, channel)
    assert removed.failed == [] and removed.records == 2 and removed.files == 1
    assert {"shop:2026-11-09:s1", "shop:2026-11-09:s4"} <= removed.ids
    assert path.read_bytes() == b"\xef\xbb\xbf" + document(channel, *kept).replace("\n", "\r\n").encode()
    again = forget_him(tmp_path, channel)
    assert (again.records, again.files) == (0, 0)
    assert [child.name for child in path.parent.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize("pretty", [False, True])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("channel", ARRAYS)
def test_arrays_lose_elements_and_stay_arrays(channel: str, place: int, pretty: bool, tmp_path: Path) -> None:
    elements = [json.loads(hers(channel, 2)), json.loads(hers(channel, 3))]
    everything = [*elements[:place], json.loads(record(channel, 1)), *elements[place:]]
    path = put(tmp_path, json.dumps(everything, ensure_ascii=False, indent=2 if pretty else None).encode())
    removed = forget_him(tmp_path, channel)
    assert removed.failed == [] and removed.records == 1
    assert json.loads(path.read_text(encoding="utf8")) == elements


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
def test_packed_files_stay_packed(name: str, tmp_path: Path) -> None:
    content = (hers("kefu_jsonl", 1) + record("kefu_jsonl", 2)).encode()
    zipped = gzip.compress(content) if name.endswith("gz") else pa.compress(content, "zstd", asbytes=True)
    path = put(tmp_path, zipped, name)
    assert forget_him(tmp_path, "kefu_jsonl").failed == []
    with pa.CompressedInputStream(str(path), "gzip" if name.endswith("gz") else "zstd") as file:
        assert file.read() == hers("kefu_jsonl", 1).encode()


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le"])
def test_other_encodings_stay_what_they_are(encoding: str, tmp_path: Path) -> None:
    words = "请问这件衣服什么时候可以发货呢，我想退掉之前买的那一件可以吗"
    text = hers("kefu_jsonl", 1, words) + record("kefu_jsonl", 2, words) + hers("kefu_jsonl", 3, words)
    path = put(tmp_path, text.encode(encoding))
    removed = forget_him(tmp_path, "kefu_jsonl", encoding=None if encoding == "utf-16" else encoding)
    assert removed.failed == [] and removed.records == 1
    assert path.read_bytes() == (hers("kefu_jsonl", 1, words) + hers("kefu_jsonl", 3, words)).encode(encoding)


def test_lines_that_could_not_be_read_go_too_when_they_name_him(tmp_path: Path) -> None:
    broken = record("kefu_jsonl", 1).replace('"turns":[', '"turns":[[')
    hers_broken = hers("kefu_jsonl", 2).replace('"turns":[', '"turns":[[')
    path = put(tmp_path, (broken + hers_broken).encode())
    assert forget_him(tmp_path, "kefu_jsonl").records == 1
    assert path.read_text(encoding="utf8") == hers_broken


def test_a_csv_row_over_several_lines_goes_whole(tmp_path: Path) -> None:
    row, other = record("csv", 1, '"在吗\n有人吗"'), hers("csv", 2, '"你好\n在吗"')
    path = put(tmp_path, document("csv", other, row, other.replace("s2", "s3")).encode())
    assert forget_him(tmp_path, "csv").failed == []
    assert path.read_text(encoding="utf8") == document("csv", other, other.replace("s2", "s3"))


@pytest.mark.parametrize("array", [False, True])
def test_an_archive_that_stops_early_loses_him_and_stops_early_again(array: bool, tmp_path: Path) -> None:
    records = [
        record("kefu_jsonl", n, "在吗") if n % 3 else hers("kefu_jsonl", n, f"在吗{n * 7919}") for n in range(2000)
    ]
    text = f"[{','.join(records)}]" if array else "".join(records)
    zipped = gzip.compress(text.encode())
    path = put(tmp_path, zipped[: len(zipped) // 2], "a.jsonl.gz")
    before = inflated(path)
    whole = before.rfind(b"\n") + 1  # then comes what is left of a record
    assert forget_him(tmp_path, "kefu_jsonl").failed == []
    kept = [one for one in before[:whole].splitlines(keepends=True) if b'"u8"' in one]
    after = inflated(path)
    assert after.startswith(b"".join(kept).rstrip(b",")) and b'"u7"' not in after and len(kept) > 100
    assert before[whole:] in ("", after[-len(before[whole:]) :]) or b'"u7"' in before[whole:]
    with pytest.raises(EOFError), gzip.open(path) as file:
        file.read()


def inflated(path: Path) -> bytes:
    """All that can be read."""
    return zlib.decompressobj(31).decompress(path.read_bytes())


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
def test_an_archive_that_is_damaged_in_another_way_is_told_and_left(name: str, tmp_path: Path) -> None:
    text = "".join(record("kefu_jsonl", n, f"在吗{n * 7919}") for n in range(2000)).encode()
    content = bytearray(gzip.compress(text) if name.endswith("gz") else pa.compress(text, "zstd", asbytes=True))
    middle = len(content) // 2
    content[middle:] = b"\xff" * 100 + content[middle + 100 :] if name.endswith("gz") else b""
    path = put(tmp_path, bytes(content), name)
    other = put(tmp_path, (record("kefu_jsonl", 5000) + hers("kefu_jsonl", 5001)).encode(), "b.jsonl")
    removed = forget_him(tmp_path, "kefu_jsonl")
    assert len(removed.failed) == 1 and "shop/dt=2026-11-09" in removed.failed[0]
    assert path.read_bytes() == content
    assert other.read_text(encoding="utf8") == hers("kefu_jsonl", 5001)


def test_somebody_without_a_name_is_found_by_session(tmp_path: Path) -> None:
    anonymous = hers("kefu_jsonl", 5).replace('"customer":"u8"', '"customer":null')
    path = put(tmp_path, (hers("kefu_jsonl", 1) + anonymous).encode())
    removed = forget_raw(tmp_path, pseudonym("shop:s5"), params("kefu_jsonl"), True)
    assert removed.records == 1 and path.read_text(encoding="utf8") == hers("kefu_jsonl", 1)


def test_what_serving_writes_meanwhile_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, (record("serving_log", 1) + hers("serving_log", 2)).encode())
    late = hers("serving_log", 3)
    writer = path.open("ab")  # opened before the file was replaced, as a replica may have it

    def write_late(seconds: float) -> None:
        writer.write(late.encode())
        writer.close()

    monkeypatch.setattr(raw_files.time, "sleep", write_late)
    forget_him(tmp_path, "serving_log")
    assert path.read_text(encoding="utf8") == hers("serving_log", 2) + late


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path) -> None:
    content = (record("jddc", 1) + hers("jddc", 2)).encode()
    path = put(tmp_path, content)
    removed = forget_him(tmp_path, "jddc", write=False)
    assert (removed.records, removed.files) == (1, 1) and path.read_bytes() == content
