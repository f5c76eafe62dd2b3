"""From Label Studio's JSON to what a person said: one ``Annotation`` for each question that was answered.

An annotation of another schema cannot be read, and one of a task that Kefu did not make means nothing: both
are refused and counted. One of another taxonomy version is kept with its version; ``votes`` passes it over.
Which annotations a question has is kept, too: one that it had before was deleted (``history.withdrawals``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from data.review.label_studio.chat_html import turn_of
from data.review.task_id import (
    ANSWER,
    INTENT,
    INTENTS,
    MARK,
    QUESTIONS,
    RESOLUTION,
    SLOTS,
    control,
    decode_mark,
    key,
    keys_of,
    round_of,
)
from kefu.schema import Record

Redact = Callable[[str], str]
Meaning = Callable[[str, str], str]  # slot, words → value


class Span(Record):
    """Words of a turn that a person marked as a slot, and what they say."""

    turn: int
    slot: str
    text: str
    value: str


class Annotation(Record):
    """What one person said of one question, as it stood at ``time``."""

    id: int = Field(description="on its server; of all questions of its task")
    server: str = Field(description="address#project")
    dialogue_id: str
    turn: int
    version: str = Field(description="of the taxonomy")
    round: str = Field(description="one of task_id.ROUNDS")
    proposal: str = Field(description="the intent that was proposed")
    alternatives: tuple[str, ...] = Field((), description="intents that were offered on the next keys")
    confidence: float = Field(description="of the proposal")
    audited: bool | None = Field(default=None, description="of a turn that chance drew: whether its label was accepted")
    who: str
    time: str = Field(description="of the newest change, ISO 8601 in UTC")
    seconds: float | None = Field(description="that it took: of those of a task, an equal share")
    skipped: bool
    intent: str | None = Field(description="name, or 'cannot_tell'")
    resolved: str | None = None
    slots: tuple[Span, ...] = ()
    answer: str | None = None
    withdrawn: bool = Field(default=False, description="it was deleted on the server; what was said stands here still")

    @property
    def question(self) -> str:
        return key(self.dialogue_id, self.turn, self.version)


@dataclass
class Answers:
    """Annotations that one pull read from the server.

    Attributes:
        refused: how many annotations on the server could not be read.
        newest: the newest change seen (ISO 8601).
        asked: questions that were looked at, by key: the ids of their annotations.
    """

    annotations: list[Annotation] = field(default_factory=list)
    refused: int = 0
    newest: str | None = None
    asked: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def read(tasks: Iterable[Mapping[str, Any]], server: str, redact: Redact, meaning: Meaning) -> Answers:
    """Reads tasks with their annotations and predictions (JSON as the API gives them).

    Args:
        server: address#project.
        redact: removes personal data from what people typed.
        meaning: what marked words say of a slot.
    """
    answers = Answers()
    for task in tasks:
        answers.newest = max(answers.newest or "", moment(task["updated_at"]))
        questions = _questions(task["data"])
        if not questions:
            answers.refused += len(task["annotations"])
        turns = [asked["turn"] for asked in questions]
        for number, asked in enumerate(questions):
            answers.asked[asked["key"]].update(annotation["id"] for annotation in task["annotations"])
            shown = _shown(task["data"], asked) | {"server": server}
            said = (_said(annotation, turns, number, redact, meaning) for annotation in task["annotations"])
            answers.annotations += [Annotation(**shown, **one) for one in said]
    return answers


def moment(time: str | datetime) -> str:
    """A time in UTC, always written the same way: Label Studio leaves out microseconds that are zero."""
    parsed = datetime.fromisoformat(time) if isinstance(time, str) else time
    return parsed.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _questions(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The questions of a task; none of a task of another schema, or of one that is not ours."""
    questions = list(data.get(QUESTIONS, ()))[: len(keys_of(data))]
    return questions if all(_round(data, asked) for asked in questions) else []


def _round(data: Mapping[str, Any], asked: Mapping[str, Any]) -> str | None:
    """The round of a question; None for one that is not ours."""
    return round_of(key(data["dialogue_id"], asked["turn"], data["version"]), asked["key"])


def _shown(data: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a question was about, and what was proposed: the first choices have a key of one letter each."""
    proposal, *alternatives = [one["alias"] for one in asked[INTENTS] if len(one.get("hotkey", "")) == 1]
    return {
        "dialogue_id": data["dialogue_id"],
        "turn": asked["turn"],
        "version": data["version"],
        "round": _round(data, asked),
        "audited": decode_mark(asked["key"], asked[MARK]),
        "proposal": proposal,
        "alternatives": tuple(alternatives),
        "confidence": asked["confidence"],
    }


def _said(
    annotation: Mapping[str, Any], turns: Sequence[int], number: int, redact: Redact, meaning: Meaning
) -> dict[str, Any]:
    """What an annotation says of question ``number`` of its task, which asks about ``turns``.

    What is said of the whole dialogue, and of turns that are not asked about, comes with the first question.
    """
    result = [part for part in annotation["result"] if "from_name" in part]  # a drawn relation is of no control
    box = control(ANSWER, number)
    typed = [text for part in result if part["from_name"] == box for text in part["value"]["text"] if text.strip()]
    spans = _spans(result, meaning)
    seconds = annotation["lead_time"]
    return {
        "id": annotation["id"],
        "who": str(annotation["completed_by"]),
        "time": moment(annotation["updated_at"]),
        "seconds": None if seconds is None else seconds / len(turns),
        "skipped": annotation["was_cancelled"],
        "intent": _chosen(result, control(INTENT, number)),
        "resolved": _chosen(result, RESOLUTION) if number == 0 else None,
        "slots": tuple(s for s in spans if (turns.index(s.turn) if s.turn in turns else 0) == number),
        "answer": redact("\n".join(typed)) if typed else None,
    }


def _chosen(result: Iterable[Mapping[str, Any]], control: str) -> str | None:
    picked = [name for part in result if part["from_name"] == control for name in part["value"]["choices"]]
    return picked[0] if picked else None


def _spans(result: Iterable[Mapping[str, Any]], meaning: Meaning) -> Iterator[Span]:
    """Marked words; a mark over several turns is not a slot of any of them."""
    for part in result:
        if part["from_name"] == SLOTS and (turn := turn_of(part["value"])) is not None:
            words = part["value"]["text"].strip()
            for slot in part["value"]["hypertextlabels"]:
                yield Span(turn=turn, slot=slot, text=words, value=meaning(slot, words))
