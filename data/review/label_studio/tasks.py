"""A question as a task for Label Studio: what the reviewer sees, and the machine's proposal as its prediction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from data.review.label_studio.annotations import Annotation
from data.review.label_studio.chat_html import chat, region
from data.review.label_studio.page import WORDS, Language, page_text
from data.review.label_studio.slot_labels import PageSlots
from data.review.task_id import INTENT, MARK, OBJECT, SCHEMA, SLOTS, encode_mark, key, task_key
from kefu.errors import Unusable
from kefu.schema import Dialogue, ReviewTask
from kefu.shop.taxonomy import Taxonomy

MODEL = "kefu"  # Label Studio preselects predictions of one model only: the same name for every taxonomy
Part = dict[str, Any]


@dataclass(frozen=True)
class Ask:
    """A turn to ask about, in one round, under one taxonomy version.

    Attributes:
        audited: None, or, of a turn that chance drew, whether the machine's label was accepted.
    """

    task: ReviewTask
    round: str
    version: str
    audited: bool | None = None

    @classmethod
    def again(cls, vote: Annotation, round_: str) -> Ask:
        """The question of an annotation for somebody else: the same proposal, nothing of what was said."""
        task = ReviewTask(
            dialogue_id=vote.dialogue_id,
            turn=vote.turn,
            proposal=vote.proposal,
            confidence=vote.confidence,
            why="disagreement",
            priority=0.0,
        )
        return cls(task, round_, vote.version)

    @property
    def question(self) -> str:
        return key(self.task.dialogue_id, self.task.turn, self.version)

    @property
    def key(self) -> str:
        """Key that identifies the task on the server."""
        return task_key(self.question, self.round)


def studio_task(ask: Ask, dialogue: Dialogue, taxonomy: Taxonomy, slots: PageSlots, spoken: Language) -> Part:
    """One task for Label Studio's import, with the proposal as a prediction.

    Raises Unusable when the dialogue has no such turn or the taxonomy no such intent.
    """
    task = ask.task
    if task.turn >= len(dialogue.turns) or task.proposal not in taxonomy.names:
        raise Unusable(f"review task {task}: no such turn or intent: run the autolabel stage again")
    text = dialogue.turns[task.turn].text
    title = page_text(taxonomy[task.proposal].title, spoken)
    data = {
        "key": ask.key,
        "dialogue_id": task.dialogue_id,
        "turn": task.turn,
        "version": ask.version,
        "schema": SCHEMA,
        MARK: encode_mark(ask.key, ask.audited),
        OBJECT: chat(dialogue.turns, task.turn),
        "question": text,
        "proposal": f"{page_text(WORDS['proposal'], spoken)}: {title} ({task.confidence:.0%})",
    }
    spans = [span(task.turn, text, words, name) for name, words in slots.find_words(text, task.proposal).items()]
    result = [choice(INTENT, task.proposal), *spans]
    return {"data": data, "predictions": [{"model_version": MODEL, "score": task.confidence, "result": result}]}


def choice(control: str, value: str) -> Part:
    """A part of a result as Label Studio stores it: one choice."""
    return {"from_name": control, "to_name": OBJECT, "type": "choices", "value": {"choices": [value]}}


def span(turn: int, text: str, words: str, slot: str) -> Part:
    """A part of a result: these words of a turn, where they come last, are the slot."""
    *_, found = re.finditer(re.escape(words), text, re.IGNORECASE)
    value = {**region(turn, text, *found.span()), "hypertextlabels": [slot]}
    return {"from_name": SLOTS, "to_name": OBJECT, "type": "hypertextlabels", "value": value}
