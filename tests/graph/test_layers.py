"""Imports point down the floors, and only the rooms that may do so know torch and MLflow."""

import ast
from collections.abc import Iterator
from pathlib import Path

from kefu.paths import ROOT

PACKAGES = ("kefu", "data", "training", "distill", "evaluation", "serving", "pipelines")
# From the ground up. A room may import the floors below its own, and itself.
FLOORS = (
    ("kefu.errors", "kefu.pages", "kefu.paths", "kefu.renamed_params", "kefu.parallel", "kefu.progress"),
    ("kefu.acts", "kefu.schema", "kefu.io", "kefu.text", "kefu.finite", "kefu.yaml_file"),
    ("kefu.params", "kefu.locks", "kefu.split", "kefu.store", "kefu.metrics", "kefu.privacy", "kefu.registry"),
    ("kefu.shop",),
    ("kefu.intents", "kefu.knowledge", "data.channels", "data.monitoring", "data.sample"),
    ("kefu.llm", "data.ingest"),
    ("data.labeling", "data.forget", "serving", "training"),
    ("data.sets", "data.review", "distill", "evaluation"),
    ("pipelines",),
)
RANK = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
SERVING = (("engines", "sessions", "tools"), ("knowledge", "webhooks"), ("dialogue",), ("api",), ("deploy",))


def imports(path: Path) -> Iterator[str]:
    """Full names of what a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(package: str) -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        if path.stat().st_size:
            yield path, ".".join(path.relative_to(ROOT).with_suffix("").parts)


def room(name: str) -> str | None:
    parts = name.split(".")
    return next((found for n in (2, 1) if (found := ".".join(parts[:n])) in RANK), None)


def test_imports_point_down_the_floors():
    wrong = []
    for package in PACKAGES:
        for path, module in files(package):
            own = room(module)
            assert own, f"{path} is in no room: name its floor"
            for name in imports(path):
                other = room(name) if name.split(".")[0] in PACKAGES else None
                if other and other != own and RANK[other] >= RANK[own]:
                    wrong.append(f"{module} imports {name}")
    assert not wrong


def test_the_policy_knows_neither_shop_nor_store_nor_model():
    own = "serving.dialogue.policy"
    pure = (own, "kefu.acts", "serving.sessions", "__future__", "collections", "dataclasses")
    named = {name for path, _ in files(own.replace(".", "/")) for name in imports(path)}
    assert named and [name for name in named if not name.startswith(pure)] == []


def test_the_rooms_of_serving_are_floors_too():
    rank = {name: floor for floor, names in enumerate(SERVING) for name in names}
    wrong = []
    for path, module in files("serving"):
        own = module.split(".")[1]
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "serving" and own in rank and parts[1] in rank and parts[1] != own:
                wrong += [f"{module} imports {name}"] if rank[parts[1]] >= rank[own] else []
    assert not wrong


def test_only_their_own_rooms_know_torch_and_mlflow():
    for package in PACKAGES:
        for path, module in files(package):
            roots = {name.split(".")[0] for name in imports(path)}
            assert not (package == "kefu" and "torch" in roots), path
            assert "mlflow" not in roots or module.startswith("kefu.registry"), path


def test_no_folder_is_a_drawer():
    """More than fourteen files hide the one that is looked for; registries of plug-ins may have more."""
    plug_ins = {"data/channels", "kefu/privacy/detectors", "pipelines", "pipelines/commands"}
    for package in PACKAGES:
        for folder in {path.parent for path, _ in files(package)}:
            count = sum(1 for path in folder.glob("*.py") if path.name != "__init__.py")
            assert count <= 14 or folder.relative_to(ROOT).as_posix() in plug_ins, f"{folder}: {count} files"
