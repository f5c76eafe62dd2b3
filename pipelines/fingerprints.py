"""Keeps the code deps of dvc.yaml true: each stage depends on exactly the modules it imports.

A stage whose code changed but is not declared would be skipped with yesterday's result, so the lists
are computed, not remembered.

    python -m pipelines.fingerprints           # rewrite dvc.yaml where it is behind
    python -m pipelines.fingerprints --check   # exit 1 if it is
"""

from __future__ import annotations

import ast
import sys
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from kefu.io import write_text
from kefu.paths import ROOT


def _modules(name: str) -> list[Path]:
    """Files that importing ``name`` runs: the module itself and its packages, when they are ours."""
    parts = name.split(".")
    found = []
    for depth in range(1, len(parts) + 1):
        base = ROOT.joinpath(*parts[:depth])
        found += [p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()]
    return found


def _imports(path: Path) -> set[Path]:
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            found.update(p for alias in node.names for p in _modules(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(p for alias in node.names for p in _modules(f"{node.module}.{alias.name}"))
    return found


def closure(entry: Path) -> list[str]:
    """All project files that ``entry`` imports, directly or not, itself included; empty ones left out."""
    seen: set[Path] = set()
    todo = [entry]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo.extend(_imports(path))
    return sorted(p.relative_to(ROOT).as_posix() for p in seen if p.stat().st_size)


def updated(text: str) -> str:
    """dvc.yaml with every stage's code deps as they should be; comments and data deps stay."""
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    for stage in document["stages"].values():
        module = stage["cmd"].split()[-1]
        data = [dep for dep in stage["deps"] if not dep.endswith(".py")]
        stage["deps"] = data + closure(ROOT.joinpath(*module.split(".")).with_suffix(".py"))
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def main() -> int:
    path = ROOT / "dvc.yaml"
    before = path.read_text(encoding="utf8")
    after = updated(before)
    if after == before:
        return 0
    if "--check" in sys.argv:
        print("dvc.yaml: the declared code deps are behind the imports; run `make deps`", file=sys.stderr)
        return 1
    write_text(path, after)
    print("dvc.yaml: code deps updated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
