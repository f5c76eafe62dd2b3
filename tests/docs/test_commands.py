"""What the READMEs and docs show is there: commands and their options, parameters, paths, links.

Nothing is run and no module of ours but the command line is imported: a command is looked up where it is defined.
Each kind of check has a negative control below: a page with one wrong thing of that kind.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from kefu.paths import ROOT
from pipelines.commands.cli import app
from pipelines.params import Params

PAGES = sorted([*ROOT.glob("README*.md"), ROOT / "shop/README.md", *(ROOT / "docs").rglob("*.md")])
TODAY = [page for page in PAGES if page.name != "upgrade.md"]  # which speaks of paths and parameters of before
FENCE = re.compile(r"^```(?P<language>[\w-]*)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
ROOM = re.compile(r"(?<![\w/.-])([\w-]+/)(?=\s|$)")
ROOMS = ("kefu", "pipelines", "data", "training", "distill", "evaluation", "serving", "benchmarks")
SHELL = {"sh", "bash"}
SUFFIXES = {"json", "jsonl", "bin", "csv", "md", "py", "yaml", "html"}
MADE = "store/"  # what the loop makes is not in a clone


def shell_lines(page: str) -> Iterator[str]:
    """Commands of a page: lines of its shell blocks, and inline code."""
    for block in FENCE.finditer(page):
        if block["language"] in SHELL:
            yield from block["body"].replace("\\\n", " ").splitlines()
    yield from INLINE.findall(FENCE.sub("", page))


def problems_of_command(line: str) -> list[str]:
    """What is wrong with each command of a line that is ours to know; an empty list also for foreign commands."""
    found = []
    for part in re.split(r"&&|\|\||[;|]", re.sub(r"\s#.*", "", line)):
        try:
            words = shlex.split(part)
        except ValueError:
            continue  # no command: a sentence with an apostrophe, a piece of YAML
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            words = words[1:]
        if not words or "…" in part and len(words) == 1:
            continue
        command, rest = words[0].removeprefix(".venv/bin/"), words[1:]
        check = {"make": _make, "kefu": _kefu, "python": _python, "pytest": _pytest, "dvc": _dvc}.get(command)
        found += [f"{line}: {problem}" for problem in (check(rest) if check else [])]
    return found


@cache
def _targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf8"), re.MULTILINE))


@cache
def _make_variables() -> set[str]:
    return set(re.findall(r"\b([A-Z_]{3,})\b", (ROOT / "Makefile").read_text(encoding="utf8")))


def _make(words: list[str]) -> list[str]:
    found = []
    for word in words:
        name, is_variable, _ = word.partition("=")
        if name not in (_make_variables() if is_variable else _targets()):
            found.append(f"make knows no {name}")
    return found


def _kefu(words: list[str]) -> list[str]:
    command: Any = typer.main.get_command(app)
    names = [w for w in words if w not in {"…", "--help"}]
    if "/" in names:  # `kefu status / promote / rollback`: several commands in one
        return [problem for name in names if name != "/" for problem in _kefu([name])]
    while names and hasattr(command, "commands"):
        if names[0] not in command.commands:
            return [f"kefu has no command {names[0]!r}"]
        command = command.commands[names.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    return [f"no option {w}" for w in names if w.startswith("--") and w.split("=")[0] not in options]


def _python(words: list[str]) -> list[str]:
    if words[:1] != ["-m"] or len(words) < 2:
        return []
    module, rest = words[1], words[2:]
    if module == "pytest":
        return _pytest(rest)
    source = _source(module)
    if source is None:
        return [] if _is_foreign(module) else [f"no module {module}"]
    options = set(re.findall(r"\"(--[a-z-]+)\"", source)) | {"--help"}
    return [f"{module} has no option {w}" for w in rest if w.startswith("--") and w.split("=")[0] not in options]


def _source(module: str) -> str | None:
    """The text of a module of ours that runs; a package runs its ``__main__``."""
    path = ROOT.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__main__.py"):
        if file.is_file():
            return file.read_text(encoding="utf8")
    return None


def _is_foreign(module: str) -> bool:
    top = module.split(".")[0]
    return not (ROOT / top).exists() and importlib.util.find_spec(top) is not None


def _pytest(words: list[str]) -> list[str]:
    return [f"nothing to test at {w}" for w in words if not w.startswith("-") and not (ROOT / w).exists()]


@cache
def _params() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf8"))


@cache
def _stages() -> set[str]:
    return set(yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf8"))["stages"])


def _has_param(key: str) -> bool:
    node: Any = _params()
    for name in key.split("."):
        if not isinstance(node, dict) or name not in node:
            return False
        node = node[name]
    return True


def _dvc(words: list[str]) -> list[str]:
    settings = [b for a, b in zip(words, words[1:], strict=False) if a == "-S" and b != "…"]
    found = [f"params.yaml has no {s.split('=')[0]}" for s in settings if not _has_param(s.split("=")[0])]
    if words[:1] == ["repro"] or words[:2] == ["exp", "run"]:
        named = words[1 if words[0] == "repro" else 2 :]
        plain = [w for i, w in enumerate(named) if not w.startswith("-") and named[i - 1 : i] != ["-S"] and w != "…"]
        found += [f"dvc.yaml has no stage {w}" for w in plain if w not in _stages()]
    return found


def problems_of_paths(page: str, base: Path) -> list[str]:
    """Files and folders in inline code, seen from the project or from the page's own folder, that do not exist."""
    found = []
    for code in INLINE.findall(FENCE.sub("", page)):
        if not re.fullmatch(r"[\w.-]+(/[\w.*-]+)*/?", code) or "*" in code and "/" not in code:
            continue
        top = code.split("/")[0]
        if "/" not in code or top.startswith(".") or not (ROOT / top).is_dir() or code.startswith(MADE):
            continue
        if not any(any(start.glob(code.rstrip("/"))) for start in (ROOT, base)):
            found.append(f"no such path: {code}")
    return found


def problems_of_links(page: str, base: Path) -> list[str]:
    links = LINK.findall(FENCE.sub("", page))
    local = [link.split("#")[0] for link in links if not re.match(r"https?:|#", link)]
    return [f"broken link: {link}" for link in local if not (base / link).exists()]


def problems_of_tree(page: str) -> list[str]:
    """Rooms of the README's tree that do not exist: a line begins with a folder; deeper ones lie in the last such."""
    found = []
    tree = re.search(r"## The tree\n```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    top = ""
    for line in tree[1].splitlines() if tree else []:
        rooms = ROOM.findall(line)
        if line[:1].strip():
            top, rooms = rooms[0], rooms[1:]
            found += [] if (ROOT / top).is_dir() else [f"no such folder: {top}"]
        inside = [room for room in rooms if not any((ROOT / top).rglob(room.rstrip("/")))]
        found += [f"no such folder: {top}{room}" for room in inside]
    return found


def problems_of_params(page: str) -> list[str]:
    """Parameters in inline code (``section.name``) that the class of their section does not have."""
    found = []
    for code in INLINE.findall(FENCE.sub("", page)):
        match = re.fullmatch(r"([a-z]+)\.([a-z_]+)((\.[\w.]+)?(: [\w.-]+)?)", code)
        section = Params.model_fields.get(match[1]) if match else None
        fields = getattr(section.annotation, "model_fields", None) if section else None
        if match and fields and match[2] not in fields and not _is_something_else(match[1], match[2]):
            found.append(f"no such parameter: {code}")
    return found


def _is_something_else(section: str, word: str) -> bool:
    return word in SUFFIXES or (ROOT / section / word).exists()  # router.jsonl, serving.api


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_exist_with_their_options(page: Path):
    text = page.read_text(encoding="utf8")
    assert [problem for line in shell_lines(text) for problem in problems_of_command(line)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path):
    assert problems_of_links(page.read_text(encoding="utf8"), page.parent) == []


@pytest.mark.parametrize("page", TODAY, ids=name)
def test_paths_exist(page: Path):
    assert problems_of_paths(page.read_text(encoding="utf8"), page.parent) == []


@pytest.mark.parametrize("page", TODAY, ids=name)
def test_parameters_exist(page: Path):
    assert problems_of_params(page.read_text(encoding="utf8")) == []


def test_the_tree_of_the_readme_exists():
    page = (ROOT / "README.md").read_text(encoding="utf8")
    assert "## The tree" in page and problems_of_tree(page) == []


def test_docs_that_code_refers_to_exist():
    files = [f for room in (*ROOMS, "tests", "shop") for f in (ROOT / room).rglob("*") if f.suffix in {".py", ".yaml"}]
    files += [ROOT / "params.yaml", ROOT / "dvc.yaml", ROOT / "pyproject.toml", ROOT / "Makefile"]
    files.remove(Path(__file__))
    named = {(f, path) for f in files for path in re.findall(r"\bdocs/[\w/-]+\.md", f.read_text(encoding="utf8"))}
    assert named
    assert sorted(f"{name(f)}: {path}" for f, path in named if not (ROOT / path).is_file()) == []


def test_commands_in_docstrings_exist():
    found = []
    for file in (f for room in ROOMS for f in (ROOT / room).rglob("*.py")):
        text = ast.get_docstring(ast.parse(file.read_bytes())) or ""
        shown = [*re.findall(r"^ {4}(.+)$", text, re.MULTILINE), *INLINE.findall(text.replace("``", "`"))]
        found += [f"{name(file)}: {problem}" for line in shown for problem in problems_of_command(line.strip())]
    assert found == []


def test_the_readmes_and_guides_show_commands_of_every_kind():
    """Otherwise the checks above could find nothing because they read nothing."""
    pages = [page.read_text(encoding="utf8") for page in PAGES]
    shown = {line.split()[0] for page in pages for line in shell_lines(page) if line.split()}
    assert {"make", "kefu", "python", "dvc", "pytest"} <= shown
    assert any("-S" in line for page in pages for line in shell_lines(page))


@pytest.mark.parametrize(
    "line",
    [
        "make lunch",
        "make demo TWICE=1",
        "kefu promise 3",
        "kefu forget --buyer u1",
        "kefu review shove",
        "kefu status / promise",
        "python -m pipelines.lunch",
        "python -m benchmarks.pii --third",
        "python -m training.memory --size 8b",
        "python -m no_such_package_anywhere",
        "python -m pytest tests/pack",
        "pytest tests/pack",
        "dvc repro lunch",
        "dvc exp run -S router.regularisation=3 evaluate",
        "dvc exp run -S profile=tiny lunch",
        ".venv/bin/kefu dawn  # every day",
        "KEFU_SECRET=x make lunch && make demo",
    ],
)
def test_a_wrong_command_is_found(line: str):
    assert problems_of_command(line) != []
    assert problems_of_command(line) == [
        problem for shown in shell_lines(f"```sh\n{line}\n```") for problem in problems_of_command(shown)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "make demo ONCE=1     # set up",
        "kefu promote 3",
        "kefu forget --customer u1 --dry-run",
        "kefu review push",
        "dvc exp run -S profile=qwen3-8b -S judge.turns=5000",
        "dvc exp run -S router.regularization=3 evaluate",
        "python -m benchmarks.pii --half third",
        "ls -l; nvidia-smi | head",
        "don't",
    ],
)
def test_a_right_or_foreign_command_passes(line: str):
    assert problems_of_command(line) == []


def test_a_wrong_link_path_parameter_or_folder_is_found():
    assert problems_of_links("see [it](docs/lunch.md) and [that](https://example.org)", ROOT) == [
        "broken link: docs/lunch.md"
    ]
    assert problems_of_paths("`data/clean/part.py` and `data/channels/`", ROOT) == ["no such path: data/clean/part.py"]
    assert problems_of_params("`judge.limit`, `judge.turns`") == ["no such parameter: judge.limit"]
    assert problems_of_tree("## The tree\n```\nkefu/   text/ pii/\nlunch/  x\n```\n") == [
        "no such folder: kefu/pii/",
        "no such folder: lunch/",
    ]
