"""From what people chose in Label Studio to labels.

The newest annotation of a turn wins, also when it takes a label back ("can't tell"). An annotation that
speaks of another taxonomy version is refused and counted: its intents may have meant something else.
It does not see annotations that were deleted on the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from data.review.interface import CANNOT_TELL, CONTROL
from kefu.pack import Taxonomy
from kefu.schema import Label

Fact = tuple[str, int | None, str]  # dialogue, turn, what


@dataclass
class Answers:
    """What was pulled: by key of the task, the label that people gave, or None for "can't tell"."""

    decided: dict[str, Label | None] = field(default_factory=dict)
    refused: int = 0
    newest: str | None = None  # updated_at (ISO 8601) of the newest task seen

    @property
    def labels(self) -> list[Label]:
        return [label for label in self.decided.values() if label]

    @property
    def undecided(self) -> set[str]:
        return {key for key, label in self.decided.items() if label is None}


def fact(label: Label) -> Fact:
    return label.dialogue_id, label.turn, label.what


def newest_wins(labels: Iterable[Label]) -> dict[Fact, Label]:
    """One label a fact: of several, the last."""
    return {fact(label): label for label in labels}


def read(tasks: Iterable[Mapping[str, Any]], taxonomy: Taxonomy) -> Answers:
    """Reads Label Studio tasks with their annotations (JSON as its API gives them)."""
    answers = Answers()
    for task in tasks:
        answers.newest = max(answers.newest or "", moment(task["updated_at"]))
        finished = [a for a in task["annotations"] if not a["was_cancelled"] and chosen(a["result"])]
        if not finished:
            continue
        newest = max(finished, key=lambda annotation: moment(annotation["updated_at"]))
        if task["data"].get("version") != taxonomy.version:
            answers.refused += 1
        else:
            _decide(answers, task["data"], newest, taxonomy)
    return answers


def moment(time: str | datetime) -> str:
    """A time in UTC, always written the same way: Label Studio leaves out microseconds that are zero."""
    parsed = datetime.fromisoformat(time) if isinstance(time, str) else time
    return parsed.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def chosen(result: Iterable[Mapping[str, Any]]) -> str | None:
    """The intent an annotation chose; None when it chose none."""
    picked = [choice for part in result if part["from_name"] == CONTROL for choice in part["value"]["choices"]]
    return picked[0] if picked else None


def _decide(answers: Answers, data: Mapping[str, Any], annotation: Mapping[str, Any], taxonomy: Taxonomy) -> None:
    value = chosen(annotation["result"])
    if value == CANNOT_TELL:
        answers.decided[data["key"]] = None
    elif value in taxonomy.names:
        answers.decided[data["key"]] = Label(
            dialogue_id=data["dialogue_id"],
            turn=data["turn"],
            what="intent",
            value=value,
            source=f"review:{annotation['completed_by']}",
            confidence=1.0,
            version=taxonomy.version,
        )
    else:
        answers.refused += 1
