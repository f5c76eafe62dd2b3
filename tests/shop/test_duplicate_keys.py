"""A key that stands twice in a file of the pack is refused, with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.golden import load_goldens
from kefu.shop.part import PackError, read_part


def test_a_key_that_stands_twice_is_refused_with_file_line_and_key(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("a: 1\nb: {c: 1,\n    c: 2}\n")
    with pytest.raises(PackError, match=r"(?s)words\.yaml.*'c' stands twice.*line 3"):
        read_part(path, dict)


def test_merged_keys_may_be_overridden(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("base: &base {a: 1, b: 2}\nmore: {<<: *base, b: 3}\n")
    assert read_part(path, dict)["more"] == {"a": 1, "b": 3}


def test_goldens_are_read_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "twice.yaml").write_text("title: a\ntitle: b\nturns: [{say: hi}]\n")
    with pytest.raises(PackError, match="'title' stands twice"):
        load_goldens(tmp_path)
