"""From Label Studio's JSON to what a person said: one ``Annotation`` for each annotation on the server.

An annotation of another schema cannot be read, and one of a task that Kefu did not make means nothing: both
are refused and counted. One of another taxonomy version is kept with its version; ``votes`` passes it over.
Which annotations a task has is kept, too: one that it had before was deleted (``history.withdrawals``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from data.review.label_studio.chat_html import turn_of
from data.review.task_id import ANSWER, INTENT, INTENTS, MARK, RESOLUTION, SCHEMA, SLOTS, decode_mark, key, round_of
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

    id: int = Field(description="on its server")
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
    seconds: float | None = Field(description="that it took")
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
        refused: how many annotations could not be read.
        newest: the newest change seen (ISO 8601).
        tasks: those that were looked at, by key: the ids of their annotations.
    """

    annotations: list[Annotation] = field(default_factory=list)
    refused: int = 0
    newest: str | None = None
    tasks: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


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
        data = task["data"]
        round_ = _round(data)
        if round_ is None or len(task["predictions"]) != 1:
            answers.refused += len(task["annotations"])
            continue
        answers.tasks[data["key"]].update(annotation["id"] for annotation in task["annotations"])
        asked = {name: data[name] for name in ("dialogue_id", "turn", "version")}
        asked |= {"server": server, "round": round_, "audited": decode_mark(data["key"], data.get(MARK))}
        asked |= proposed(data, task["predictions"][0])
        answers.annotations += [Annotation(**asked, **_said(a, redact, meaning)) for a in task["annotations"]]
    return answers


def moment(time: str | datetime) -> str:
    """A time in UTC, always written the same way: Label Studio leaves out microseconds that are zero."""
    parsed = datetime.fromisoformat(time) if isinstance(time, str) else time
    return parsed.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _round(data: Mapping[str, Any]) -> str | None:
    """The round of a task; None for a task of another schema, or none of ours."""
    if data.get("schema") != SCHEMA:
        return None
    return round_of(key(data["dialogue_id"], data["turn"], data["version"]), data["key"])


def proposed(data: Mapping[str, Any], prediction: Mapping[str, Any]) -> dict[str, Any]:
    """The proposal that a task shows, its confidence, and the alternatives on the next keys."""
    best = [one["alias"] for one in data.get(INTENTS, ()) if one.get("hotkey", "").isdigit()]
    best = best or [_chosen(prediction["result"], INTENT)]  # a task from before there were alternatives
    return {"proposal": best[0], "alternatives": tuple(best[1:]), "confidence": prediction["score"]}


def _said(annotation: Mapping[str, Any], redact: Redact, meaning: Meaning) -> dict[str, Any]:
    result = [part for part in annotation["result"] if "from_name" in part]  # a drawn relation is of no control
    typed = [text for part in result if part["from_name"] == ANSWER for text in part["value"]["text"] if text.strip()]
    return {
        "id": annotation["id"],
        "who": str(annotation["completed_by"]),
        "time": moment(annotation["updated_at"]),
        "seconds": annotation["lead_time"],
        "skipped": annotation["was_cancelled"],
        "intent": _chosen(result, INTENT),
        "resolved": _chosen(result, RESOLUTION),
        "slots": tuple(_spans(result, meaning)),
        "answer": redact("\n".join(typed)) if typed else None,
    }


def _chosen(result: Iterable[Mapping[str, Any]], control: str) -> str | None:
    picked = [name for part in result if part["from_name"] == control for name in part["value"]["choices"]]
    return picked[0] if picked else None


def _spans(result: Iterable[Mapping[str, Any]], meaning: Meaning) -> Iterable[Span]:
    """Marked words; a mark over several turns is not a slot of any of them."""
    for part in result:
        if part["from_name"] == SLOTS and (turn := turn_of(part["value"])) is not None:
            words = part["value"]["text"].strip()
            for slot in part["value"]["hypertextlabels"]:
                yield Span(turn=turn, slot=slot, text=words, value=meaning(slot, words))
