"""Each detector's docstring gives examples, also of what it does not find; they are true."""

import ast
import re

import pytest

from kefu.paths import ROOT
from kefu.privacy.redact import Redactor

FOLDER = ROOT / "kefu/privacy/detectors"
HELPERS = {"__init__", "base", "dialogue_context", "names_en_lists", "names_zh_lists", "numbers", "registry"}
HELPERS |= {"credential_cues", "credentials", "word_segmentation"}
DETECTORS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in HELPERS)


def documented(name: str) -> str:
    return ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf8"))) or ""


@pytest.mark.parametrize("name", DETECTORS)
def test_the_examples_of_the_docstring_are_true(name: str) -> None:
    lines = [line for line in documented(name).splitlines() if line.startswith("Found: ")]
    assert len(lines) == 1, "write `Found: ``…``, ``…``. Left: ``…``.` on a line of the docstring"
    (line,) = lines
    found, left = (re.findall("``(.*?)``", part) for part in line.split("Left: "))
    redactor = Redactor({})
    assert len(found) >= 2 and left
    assert [text for text in found if redactor.redact(text, {}) == text] == []
    assert [text for text in left if redactor.redact(text, {}) != text] == []


@pytest.mark.parametrize("name", DETECTORS)
def test_what_the_docstring_says_is_not_found_is_left(name: str) -> None:
    told = re.findall(r"^Not found: (.*?)^Found: ", documented(name), re.DOTALL | re.MULTILINE)
    assert len(told) == 1, "write `Not found: ``…``.` before the line of `Found: `"
    (limits,) = told
    examples = re.findall("``(.*?)``", limits)
    redactor = Redactor({})
    assert examples
    assert [text for text in examples if redactor.redact(text, {}) != text] == []
