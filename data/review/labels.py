"""What people decided so far: the folder ``store/reviewed``.

Any number of ``*.jsonl`` files of Label, and ``history/``, the annotations pulled from Label Studio, from
which labels follow (``votes``). Where the two disagree, the annotations win. ``labelstudio.json`` remembers
how far was pulled, so that the next pull is incremental; without it everything is pulled again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from data.review import history
from data.review.label_studio.annotations import Annotation, Answers
from data.review.task_id import INTENT, key
from data.review.votes import Verdict, labels, standing, verdicts
from kefu.io import read_json, read_jsonl, write_json
from kefu.schema import Label

STATE = "labelstudio.json"
Fact = tuple[str, int | None, str]  # dialogue, turn, what


@dataclass(frozen=True)
class Reviews:
    """The labels and annotations by people under one taxonomy version.

    labels: by fact. undecided: keys of the questions that were answered and have no label, because people cannot
    tell or disagree. refused: labels and annotations of another version. annotations: as they stand, golden ones
    too. verdicts: by key of the question.
    """

    labels: dict[Fact, Label]
    undecided: set[str]
    refused: int
    annotations: list[Annotation]
    verdicts: Mapping[str, Verdict]

    def is_open(self, dialogue_id: str, turn: int, version: str) -> bool:
        """Whether nobody has said anything about the intent of this turn."""
        return (dialogue_id, turn, INTENT) not in self.labels and key(dialogue_id, turn, version) not in self.verdicts


def fact(label: Label) -> Fact:
    return label.dialogue_id, label.turn, label.what


def load_reviews(folder: Path, version: str, new: Iterable[Annotation] = ()) -> Reviews:
    """What ``folder`` and the annotations just pulled say under taxonomy ``version``.

    Raises BadRecord naming file and line.
    """
    written = list(_written(folder))
    said = standing(history.merge_annotations(history.read(folder), new))
    current = [annotation for annotation in said if annotation.version == version]
    found = verdicts(current)
    spoken = {(vote.dialogue_id, vote.turn) for verdict in found.values() for vote in verdict.votes}
    found_labels = {fact(la): la for la in written if la.version == version and fact(la)[:2] not in spoken}
    found_labels |= {fact(label): label for label in labels(found.values())}
    return Reviews(
        labels={at: found_labels[at] for at in sorted(found_labels, key=str)},
        undecided={question for question, verdict in found.items() if verdict.without_label},
        refused=sum(label.version != version for label in written) + len(said) - len(current),
        annotations=current,
        verdicts=found,
    )


def _written(folder: Path) -> Iterator[Label]:
    for path in sorted(folder.glob("*.jsonl")):
        yield from read_jsonl(path, Label)


def since(folder: Path, project: str) -> str | None:
    """Time (ISO 8601) up to which ``project`` was pulled; None when it never was."""
    path = folder / STATE
    state = read_json(path) if path.exists() else {"project": None, "since": None}
    return state["since"] if state["project"] == project else None


def remember(folder: Path, project: str, answers: Answers) -> None:
    """Adds what was pulled to the history.

    The mark of how far is written last: killed before it, the next pull repeats a little and doubles nothing.
    """
    history.write(folder, history.merge_annotations(history.read(folder), answers.annotations))
    write_json(folder / STATE, {"project": project, "since": answers.newest or since(folder, project)}, private=True)
