"""Each detector's docstring gives examples; they are true."""

import ast
import re

import pytest

from kefu.paths import ROOT
from kefu.privacy.redact import Redactor

FOLDER = ROOT / "kefu/privacy/detectors"
HELPERS = {"__init__", "base", "dialogue_context", "names_en_lists", "names_zh_lists", "numbers", "registry"}
HELPERS |= {"word_segmentation"}
DETECTORS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in HELPERS)


@pytest.mark.parametrize("name", DETECTORS)
def test_the_examples_of_the_docstring_are_true(name: str) -> None:
    docs = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf8"))) or ""
    (line,) = [line for line in docs.splitlines() if line.startswith("Found: ")]
    found, left = (re.findall("``(.*?)``", part) for part in line.split("Left: "))
    redactor = Redactor({})
    assert len(found) >= 2 and left
    assert [text for text in found if redactor.redact(text, {}) == text] == []
    assert [text for text in left if redactor.redact(text, {}) != text] == []
