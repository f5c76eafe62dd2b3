"""Each sentence of the READMEs has its row in docs/reference/promises.md, and what the row names is there.

A quote of the table may leave words out (…), so that a new figure needs no new row. Whether a test shows what its
sentence says is for people to judge.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest

from data.channels import CHANNELS
from kefu.paths import ROOT
from tests.docs.test_commands import FENCE

PAGE = ROOT / "docs/reference/promises.md"
READMES = ("README.md", "README.zh-CN.md")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
MEASURED = re.compile(r"`(?:python -m benchmarks|make demo)|\]\(\.\./(?:measurements/|dependencies)")
NOTHING = "–"
END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"])|(?<=[。！？])\s*")
CHINESE = {"十": 10}


class Promise(NamedTuple):
    quote: str
    shown_by: str

    def found_in(self, text: str) -> bool:
        return re.search(self._pattern(), text) is not None

    def is_of(self, sentence: str) -> bool:
        return re.fullmatch(self._pattern(), sentence) is not None

    def _pattern(self) -> str:
        return ".*?".join(map(re.escape, self.quote.split("…")))


def plain(text: str) -> str:
    """Text on one line, without links, bold and fences."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text.replace("**", ""))
    return " ".join(re.sub(r"^```\w*$", "", text, flags=re.MULTILINE).split())


def sentences(page: str) -> Iterator[str]:
    """Prose of a page: no code, tables, headings, pictures."""
    prose = re.sub(r"^(?:#|\||!\[).*$", "", FENCE.sub("", page), flags=re.MULTILINE)
    for block in re.split(r"\n\s*\n|\n(?=- )", prose):
        yield from filter(None, END.split(plain(block.strip().removeprefix("- "))))


def promises(page: str, readme: str) -> list[Promise]:
    """The rows of the section about ``readme``."""
    section = page.split(f"## {readme}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines()[2:] if line.startswith("|")]
    return [Promise(quote.strip(), shown.strip()) for quote, shown in rows]


@cache
def _functions(file: str) -> set[str]:
    path = ROOT / file
    if not path.is_file():
        return set()
    return {node.name for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.FunctionDef)}


def problems(rows: list[Promise], readme: str) -> list[str]:
    """What is wrong between a table and the page that it quotes."""
    text, found = plain(readme), []
    for row in rows:
        if not row.found_in(text):
            found.append(f"is not there any more: {row.quote}")
        tests = TEST.findall(row.shown_by)
        found += [f"no such test: {file}::{name}" for file, name in tests if name not in _functions(file)]
        if not tests and row.shown_by != NOTHING and not MEASURED.search(row.shown_by):
            found.append(f"nothing shows: {row.quote}")
    return found + [f"has no row: {said}" for said in sentences(readme) if not any(row.is_of(said) for row in rows)]


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf8")


@pytest.mark.parametrize("name", READMES)
def test_each_sentence_has_what_shows_it(name: str) -> None:
    rows = promises(PAGE.read_text(encoding="utf8"), name)
    assert len(rows) > 30 and problems(rows, _read(name)) == []


def test_a_lost_sentence_a_new_one_and_a_missing_test_are_found() -> None:
    kept = "`tests/docs/test_promises.py::test_each_sentence_has_what_shows_it`"
    page = (
        f"## R\n| a | b |\n|---|---|\n| It takes … s. | {kept} |\n| It sings. | – |\n| It runs. | `tests/x.py::no` |\n"
    )
    rows = promises(page + "| It asks. | somebody |\n", "R")
    assert problems(rows, "It takes 4 s. It runs. It *dances*. It asks.\n") == [
        "is not there any more: It sings.",
        "no such test: tests/x.py::no",
        "nothing shows: It asks.",
        "has no row: It *dances*.",
    ]


def measured() -> list[list[str]]:
    """Cells of the README's table of figures: claim, figure, command."""
    section = _read("README.md").split("## Measured\n")[1].split("\n## ")[0]
    return [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")][2:]


def test_each_measured_figure_names_its_command() -> None:
    rows = measured()
    assert len(rows) > 10
    assert [row for row in rows if len(row) != 3 or not re.match("`python -m benchmarks|judged by hand", row[2])] == []


def test_the_chinese_figures_are_the_english_ones() -> None:
    def numbers(text: str) -> set[str]:
        return {number.strip(".").replace(",", "") for number in re.findall(r"\d[\d,.]*", text)}

    section = _read("README.zh-CN.md").split("## 做得怎么样\n")[1]
    figures = numbers(" ".join(re.findall(r"^\|.*$", section, re.MULTILINE)).replace("10 万", "100000"))
    assert len(figures) > 8 and figures - numbers(" ".join(" ".join(row) for row in measured())) == set()


def test_the_number_of_formats_is_that_of_the_channels() -> None:
    said = re.search(r"支持(\w)种格式", plain(_read("README.zh-CN.md")))
    assert said and CHINESE[said[1]] == len(CHANNELS)


def test_licence_and_python_are_those_of_the_package() -> None:
    package = _read("pyproject.toml")
    assert 'license = "Apache-2.0"' in package and "Apache License" in _read("LICENSE")
    assert re.search(r'requires-python = "[^"]*3\.11', package)
    assert all("Apache-2.0 · Python 3.11" in _read(name) for name in READMES)
