"""What people decided so far: the folder ``data/reviewed``.

Any number of ``*.jsonl`` files of Label; ``labelstudio.jsonl`` is what was pulled, and ``labelstudio.json``
remembers how far (so that the next pull is incremental) and which turns nobody can tell (so that they are
not asked again). Where two files disagree, what was pulled wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.review.answers import Answers, Fact, fact, newest_wins
from kefu.io import read_json, read_jsonl, write_json, write_jsonl
from kefu.schema import Label

PULLED, STATE = "labelstudio.jsonl", "labelstudio.json"


@dataclass(frozen=True)
class Known:
    """Labels by fact, keys of the turns that nobody can tell, labels of another taxonomy version."""

    labels: dict[Fact, Label]
    undecided: set[str]
    refused: int


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"), key=lambda path: (path.name == PULLED, path.name))


def _labels(folder: Path) -> Iterator[Label]:
    for path in _files(folder):
        yield from read_jsonl(path, Label)


def _state(folder: Path) -> dict[str, Any]:
    path = folder / STATE
    return read_json(path) if path.exists() else {"project": None, "since": None, "undecided": []}


def known(folder: Path, version: str) -> Known:
    """All labels of taxonomy ``version``. Raises BadRecord naming file and line."""
    labels = list(_labels(folder))
    current = [label for label in labels if label.version == version]
    return Known(newest_wins(current), set(_state(folder)["undecided"]), len(labels) - len(current))


def since(folder: Path, project: str) -> str | None:
    """Time (ISO 8601) up to which ``project`` was pulled; None when it never was."""
    state = _state(folder)
    return state["since"] if state["project"] == project else None


def remember(folder: Path, project: str, answers: Answers) -> int:
    """Adds what was pulled; returns how many pulled labels there are now.

    The labels are written before the mark of how far: killed between the two, the next pull repeats a little.
    """
    path = folder / PULLED
    labels = newest_wins(read_jsonl(path, Label)) if path.exists() else {}
    labels |= newest_wins(answers.labels)
    labels = {at: label for at, label in labels.items() if f"{at[0]}#{at[1]}@{label.version}" not in answers.undecided}
    count = write_jsonl(path, (labels[at] for at in sorted(labels, key=str)))
    decided = {key for key, label in answers.decided.items() if label}
    undecided = (set(_state(folder)["undecided"]) - decided) | answers.undecided
    newest = answers.newest or since(folder, project)
    write_json(folder / STATE, {"project": project, "since": newest, "undecided": sorted(undecided)})
    return count


def combined(before: Known, answers: Answers) -> list[Label]:
    """Labels known before and just pulled, one a fact, in a fixed order."""
    taken_back = answers.undecided
    kept = {at: la for at, la in before.labels.items() if f"{at[0]}#{at[1]}@{la.version}" not in taken_back}
    merged = kept | {fact(label): label for label in answers.labels}
    return [merged[at] for at in sorted(merged, key=str)]
