"""What the code imports is declared, and each declared package has its reason in docs/dependencies.md."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions

from kefu.paths import ROOT

PACKAGES = ("data", "distill", "evaluation", "kefu", "pipelines", "serving", "training")
DECLARED = {
    re.split(r"[\[<>=]", line)[0]
    for line in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]["dependencies"]
}


def imported() -> Iterator[tuple[str, str]]:
    """(module's first name, file) of all imports, also those inside functions."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
                if isinstance(node, ast.Import):
                    yield from ((alias.name.split(".")[0], str(path)) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module.split(".")[0], str(path)


def test_what_is_imported_is_declared() -> None:
    distributions = packages_distributions()
    own = {*PACKAGES, *sys.stdlib_module_names}
    missing = {
        (name, path)
        for name, path in imported()
        if name not in own and not DECLARED & {found.lower().replace("_", "-") for found in distributions.get(name, ())}
    }
    assert missing == set()


def test_each_declared_package_has_its_reason() -> None:
    rows = (ROOT / "docs/dependencies.md").read_text(encoding="utf8")
    named = {name.strip() for row in re.findall(r"^\| ([^|]+) \|", rows, re.M) for name in re.split(r"[,\[\]]", row)}
    assert set(DECLARED) <= named
