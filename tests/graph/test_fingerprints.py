"""A stage runs again when its own code changed, and only then."""

from pathlib import Path

import pytest

from kefu.paths import ROOT
from pipelines.fingerprints import PLUMBING, closure, fingerprint

MODULE = '''"""What it is for."""

from kefu.io import read_json


def total(rows: list[int]) -> int:
    """Returns the sum."""
    return sum(rows)
'''


def of(tmp_path: Path, name: str, text: str, beside: bytes | None = None) -> str:
    """Fingerprint of one module in a project of its own."""
    root = tmp_path / name
    module = root / "data/sums.py"
    module.parent.mkdir(parents=True)
    module.write_text(text, encoding="utf8")
    if beside is not None:
        (module.parent / "page.html.j2").write_bytes(beside)
    return fingerprint(closure(module, root), root)


@pytest.mark.parametrize(
    "change",
    [
        ("sum(rows)", "sum(rows)  # a comment"),
        ('"""Returns the sum."""', '"""Returns what the rows come to."""'),
        ('"""What it is for."""', '"""Another docstring."""'),
        ('    """Returns the sum."""\n', ""),
        ("\n\n\ndef", "\n\n\n\n\ndef"),
    ],
)
def test_what_changes_no_result_changes_no_fingerprint(tmp_path, change):
    assert of(tmp_path, "before", MODULE) == of(tmp_path, "after", MODULE.replace(*change))


@pytest.mark.parametrize(
    "change",
    [
        ("sum(rows)", "sum(rows[1:])"),
        ("import read_json", "import write_json"),
        ("from kefu.io import read_json", "from json import loads as read_json"),
        ("sum(rows)", '"""Returns the sum."""'),
        ("rows: list[int]", "rows: list[int] = []"),
    ],
)
def test_what_may_change_a_result_changes_the_fingerprint(tmp_path, change):
    assert of(tmp_path, "before", MODULE) != of(tmp_path, "after", MODULE.replace(*change))


def test_a_template_beside_the_module_counts_by_its_bytes(tmp_path):
    names_it = MODULE + 'TEMPLATE = "page.html.j2"\n'
    assert of(tmp_path, "a", names_it, b"<p>") != of(tmp_path, "b", names_it, b"<b>")
    assert of(tmp_path, "c", MODULE, b"<p>") == of(tmp_path, "d", MODULE, b"<b>")


def test_a_module_that_moves_keeps_its_fingerprint(tmp_path):
    found = []
    for folder in ("kefu", "kefu/text"):
        root = tmp_path / folder.replace("/", "-")
        (root / folder).mkdir(parents=True)
        (root / folder / "ngrams.py").write_text("N = 3\n", encoding="utf8")
        module = f"{folder.replace('/', '.')}.ngrams"
        (root / "stage.py").write_text(f"from {module} import N\n\nprint(N)\n", encoding="utf8")
        found.append(fingerprint(closure(root / "stage.py", root), root))
    assert found[0] == found[1]


def test_templates_and_tables_of_the_project_are_seen():
    """Each file that is read beside its module is named in it; otherwise its edits would be missed."""
    packages = ("kefu", "data", "training", "distill", "evaluation", "pipelines")
    for file in (p for name in packages for p in (ROOT / name).rglob("*") if p.is_file()):
        if file.suffix not in {".py", ".pyc"}:
            named = [m for m in file.parent.glob("*.py") if f'"{file.name}"' in m.read_text(encoding="utf8")]
            assert named, file


def test_plumbing_is_a_short_list_of_files_that_exist():
    assert len(PLUMBING) <= 10
    assert all((ROOT / name).is_file() for name in PLUMBING)
