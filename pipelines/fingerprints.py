"""Stage `code`: one fingerprint a stage of the code that it runs → store/code.json.

Each stage depends on its own key of that file, so it runs again when its own code changed, and only then.
DVC does not follow imports (treeverse/dvc#9195). Not seen: comments, docstrings, where a module lies, and
``PLUMBING``. Modules that are loaded by a computed name would be missed; there are none.

    python -m pipelines.fingerprints
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml

from kefu.io import write_json
from kefu.paths import CODE, ROOT

# What every stage runs and what cannot change its outputs: locks, MLflow, what a stage prints and records, whether a
# model would fit, this file.
PLUMBING = {
    "kefu/locks.py",
    "kefu/progress.py",
    "kefu/registry/database.py",
    "kefu/registry/releases.py",
    "kefu/registry/relocation.py",
    "kefu/registry/runs.py",
    "kefu/renamed_params.py",
    "pipelines/fingerprints.py",
    "pipelines/stage.py",
    "training/memory.py",
}
Import = tuple[str, str, str | None]  # module, name, alias


def _modules(name: str, root: Path) -> list[Path]:
    """Files that importing ``name`` runs: the module itself and its packages, when they are ours."""
    parts = name.split(".")
    bases = [root.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    return [p for base in bases for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()]


class _Reader:
    """One pass over a module: what it does as text, what it imports, and the strings that may name a file."""

    def __init__(self, tree: ast.Module) -> None:
        self.does: list[str] = []
        self.imports: set[Import] = set()
        self.strings: set[str] = set()
        self._read(tree)

    def _read(self, value: object) -> None:
        if isinstance(value, ast.Import):
            self.imports.update((alias.name, "", alias.asname) for alias in value.names)
        elif isinstance(value, ast.ImportFrom):
            self.imports.update((value.module or "", alias.name, alias.asname) for alias in value.names)
        elif isinstance(value, ast.AST):
            self.does.append(type(value).__name__)
            body_start = 1 if _has_docstring(value) else 0
            for name in value._fields:
                inner = getattr(value, name, None)
                self._read(inner[body_start:] if name == "body" and isinstance(inner, list) else inner)
        elif isinstance(value, list):
            self.does.append("[")
            for one in value:
                self._read(one)
            self.does.append("]")
        else:
            self.does.append(repr(value))
            if isinstance(value, str):
                self.strings.add(value)


def _has_docstring(node: ast.AST) -> bool:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or not node.body:
        return False
    first = node.body[0]
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


@cache
def _module(path: Path, root: Path) -> tuple[str, frozenset[Path]]:
    """Hash of what a module does, and the modules of ours that it imports.

    Imports count as a set: of our own modules the imported names, of others also the module.
    A file that lies beside the module and is named in it (a template, a table) counts by its bytes.
    """
    read = _Reader(ast.parse(path.read_bytes()))
    names, ours = set[str](), set[Path]()
    for module, name, alias in read.imports:
        found = _modules(f"{module}.{name}" if name else module, root)
        ours.update(found)
        names.add(f"{'' if found else module}:{name}:{alias}")
    digest = hashlib.sha256("\n".join([*sorted(names), *read.does]).encode())
    for file in sorted(path.parent.iterdir()):
        if file.name in read.strings and file.suffix != ".py" and file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest(), frozenset(ours)


def closure(entry: Path, root: Path = ROOT) -> set[Path]:
    """All project files that ``entry`` imports, directly or not, itself included."""
    seen, todo = set[Path](), [entry]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo.extend(_module(path, root)[1])
    return seen


def fingerprint(paths: Iterable[Path], root: Path = ROOT) -> str:
    """One hash of what some modules do, wherever they lie."""
    hashes = sorted(_module(p, root)[0] for p in paths if p.relative_to(root).as_posix() not in PLUMBING)
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:16]


def fingerprints(root: Path = ROOT) -> dict[str, str]:
    """Stage → fingerprint, for all stages of dvc.yaml but this one."""
    stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf8"))["stages"]
    entries = {name: root.joinpath(*entry["cmd"].split()[-1].split(".")) for name, entry in stages.items()}
    return {
        name: fingerprint(closure(entry.with_suffix(".py"), root), root)
        for name, entry in entries.items()
        if name != "code"
    }


if __name__ == "__main__":
    write_json(CODE, fingerprints())
