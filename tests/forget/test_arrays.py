"""Arrays lose a person's elements and keep every other byte, however long, damaged or oddly written they are."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from kefu.paths import ROOT
from kefu.privacy.pseudonyms import pseudonym
from tests.channels.examples import record
from tests.forget.test_raw import forget_him, hers, put

CHANNEL = "kefu_jsonl"


def his(n: int, words: str = "在吗") -> str:
    return record(CHANNEL, n, words).strip()


def her(n: int, words: str = "在吗") -> str:
    return hers(CHANNEL, n, words).strip()


def test_only_his_elements_and_their_commas_go(tmp_path: Path) -> None:
    """Whatever space there is; everything else stays byte for byte."""
    chance = random.Random(1)
    for number in range(60):
        own = [chance.random() < 0.5 for _ in range(chance.randrange(7))] + [False]
        chance.shuffle(own)
        rows = [his(i) if theirs else her(i) for i, theirs in enumerate(own)]
        comma = chance.choice([",", ", ", " ,\n  ", "\r\n,"])
        start, end = chance.choice(["[", "[\n  ", " [ "]), chance.choice(["]", "\n]\n", " ] \n" + her(90) + "\n"])
        path = put(tmp_path, (start + comma.join(rows) + end).encode(), f"{number}.json")
        assert forget_him(tmp_path, CHANNEL).failed == []
        kept = [row for row, theirs in zip(rows, own, strict=True) if not theirs]
        assert path.read_bytes().decode() == start + comma.join(kept) + end
        path.unlink()


def test_lines_that_any_element_has_are_not_his(tmp_path: Path) -> None:
    """His element is printed over several lines; what nobody can read elsewhere has one like it."""
    pretty = json.dumps([json.loads(his(1)), json.loads(her(2))], indent=1)
    array, lines = put(tmp_path, pretty.encode()), put(tmp_path, "\n".join([" {", her(3), " },"]).encode(), "b.jsonl")
    before = lines.read_bytes()
    removed = forget_him(tmp_path, CHANNEL)
    assert (removed.records, removed.files, removed.failed) == (1, 1, [])
    assert json.loads(array.read_bytes()) == [json.loads(her(2))] and lines.read_bytes() == before


def test_an_array_that_was_all_his_is_empty(tmp_path: Path) -> None:
    path = put(tmp_path, f"[\n  {his(1)},\n  {his(2)}\n]\n".encode())
    assert forget_him(tmp_path, CHANNEL).failed == []
    assert json.loads(path.read_text()) == []


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-be", "utf-8-sig"])
def test_arrays_in_other_encodings(encoding: str, tmp_path: Path) -> None:
    words = "请问这件衣服什么时候可以发货呢，我想退掉之前买的那一件可以吗"
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path = put(tmp_path, mark + f"[{her(1, words)},\n{his(2, words)},\n{her(3, words)}]".encode(encoding))
    assert forget_him(tmp_path, CHANNEL, encoding="gb18030" if encoding == "gb18030" else None).failed == []
    assert path.read_bytes() == mark + f"[{her(1, words)},\n{her(3, words)}]".encode(encoding)


def test_an_element_that_is_no_text_goes_when_it_names_him(tmp_path: Path) -> None:
    broken = [row.replace("在吗", "在" * 9000 + "%").encode().replace(b"%", b"\0\xe5") for row in (his(1), her(2))]
    named = broken[0].replace(b'"customer":"u7",', b"").replace(b'"turns"', b'"customer": "u7","turns"')
    path = put(tmp_path, b"[" + b",".join([her(4).encode(), named, broken[1], her(3).encode()]) + b"]")
    assert forget_him(tmp_path, CHANNEL).failed == []
    assert path.read_bytes() == b"[" + b",".join([her(4).encode(), broken[1], her(3).encode()]) + b"]"


def test_a_torn_end_goes_when_it_names_him(tmp_path: Path) -> None:
    path = put(tmp_path, f"[{her(1)},{his(2)},{her(3)},{his(4)[:-9]}".encode())
    assert forget_him(tmp_path, CHANNEL).failed == []
    assert path.read_text(encoding="utf8").rstrip(",") == f"[{her(1)},{her(3)}"


def test_a_torn_end_of_somebody_else_stays(tmp_path: Path) -> None:
    path = put(tmp_path, f"[{her(1)},{his(2)},{her(3)[:-9]}".encode())
    assert forget_him(tmp_path, CHANNEL).failed == []
    assert path.read_text(encoding="utf8") == f"[{her(1)},{her(3)[:-9]}"


def test_damage_with_others_behind_it_is_told_and_stays(tmp_path: Path) -> None:
    """Nothing says where an element starts there, and others' records could be had by copying the file again."""
    path = put(tmp_path, f"[{his(1)},\n{her(2)},\n{his(3)[:-9]},\n{her(4)}]".encode())
    removed = forget_him(tmp_path, CHANNEL)
    assert len(removed.failed) == 1 and "broken from line 3 on" in removed.failed[0] and "copy" in removed.failed[0]
    assert path.read_text(encoding="utf8") == f"[{her(2)},\n{his(3)[:-9]},\n{her(4)}]"


def test_lines_after_an_array_are_lines(tmp_path: Path) -> None:
    path = put(tmp_path, f"[{his(1)},\n{her(2)}]\n{his(3)}\n{her(4)}\n".encode())
    assert forget_him(tmp_path, CHANNEL).failed == []
    assert path.read_text(encoding="utf8") == f"[{her(2)}]\n{her(4)}\n"


LIMITED = """
import sys
from pathlib import Path
from data.forget.raw import forget_raw
from tests.forget.test_raw import params
removed = forget_raw(Path(sys.argv[1]), sys.argv[2], params("kefu_jsonl"), True)
assert removed.failed == [] and removed.records == 3, removed
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def _peak(folder: Path, elements: int) -> int:
    """MB that forgetting him takes at most, in a process of its own, with a file of about 1 kB an element."""
    rows = [her(n, "在" * 300) for n in range(elements)]
    rows[1], rows[elements // 2], rows[-1] = his(1), his(2), his(3)
    put(folder, f"[{','.join(rows)}]".encode(), "a.json")
    command = [sys.executable, "-c", LIMITED, str(folder), pseudonym("u7")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout) >> 10


def test_memory_does_not_grow_with_the_array(tmp_path: Path) -> None:
    small, large = _peak(tmp_path / "small", 100), _peak(tmp_path / "large", 55_000)
    size = (tmp_path / "large/shop/dt=2026-11-09/a.json").stat().st_size >> 20
    assert size > 50 and large - small < 20, (size, small, large)
