"""A question as a task for Label Studio: what the reviewer sees, and the machine's proposal as its prediction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from data.review.label_studio.annotations import Annotation
from data.review.label_studio.chat_html import chat, region
from data.review.label_studio.page import RESOLUTION_KEYS, WORDS, Language, page_text
from data.review.label_studio.slot_labels import PageSlots
from data.review.params import Review
from data.review.task_id import (
    ASKED_RESOLUTION,
    CANNOT_TELL,
    INTENT,
    INTENTS,
    MARK,
    OBJECT,
    RESOLUTIONS,
    SCHEMA,
    SLOTS,
    encode_mark,
    key,
    task_key,
)
from kefu.errors import Unusable
from kefu.schema import Dialogue, ReviewTask
from kefu.shop.taxonomy import Taxonomy

MODEL = "kefu"  # Label Studio preselects predictions of one model only: the same name for every taxonomy
BEST = "123"  # keys of the most likely intents
Part = dict[str, Any]


@dataclass(frozen=True)
class Ask:
    """A turn to ask about, in one round, under one taxonomy version.

    Attributes:
        audited: None, or, of a turn that chance drew, whether the machine's label was accepted.
        asks_resolution: whether it is asked here if the dialogue's problem was solved.
    """

    task: ReviewTask
    round: str
    version: str
    audited: bool | None = None
    asks_resolution: bool = True

    @classmethod
    def again(cls, vote: Annotation, round_: str) -> Ask:
        """The question of an annotation for somebody else: the same proposal, nothing of what was said."""
        task = ReviewTask(
            dialogue_id=vote.dialogue_id,
            turn=vote.turn,
            proposal=vote.proposal,
            alternatives=vote.alternatives,
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


class TaskMaker:
    """Makes the tasks of one pack, in the language of the page."""

    def __init__(self, taxonomy: Taxonomy, slots: PageSlots, params: Review) -> None:
        self._taxonomy, self._slots, self._params = taxonomy, slots, params

    def task(self, ask: Ask, dialogue: Dialogue) -> Part:
        """One task for Label Studio's import, with the proposal as a prediction.

        Raises Unusable when the dialogue has no such turn or the taxonomy no such intent.
        """
        turns, turn = dialogue.turns, ask.task.turn
        if turn >= len(turns):
            raise Unusable(f"review task {ask.task}: no such turn: run the autolabel stage again")
        data = {
            "key": ask.key,
            "dialogue_id": ask.task.dialogue_id,
            "turn": turn,
            "version": ask.version,
            "schema": SCHEMA,
            OBJECT: chat(turns, turn),
            "question": turns[turn].text,
        }
        proposed, prediction = self.proposal(ask, turns[turn].text)
        return {"data": data | proposed, "predictions": [{"model_version": MODEL, **prediction}]}

    def proposal(self, ask: Ask, text: str) -> tuple[Part, Part]:
        """What may change while a task is open: fields of its data, and score and result of its prediction.

        Raises Unusable when the taxonomy has no such intent.
        """
        task, language = ask.task, self._params.language
        if task.proposal not in self._taxonomy.names:
            raise Unusable(f"review task {task}: no such intent: run the autolabel stage again")
        title = page_text(self._taxonomy[task.proposal].title, language)
        data = {
            MARK: encode_mark(ask.key, ask.audited),
            "proposal": f"{page_text(WORDS['proposal'], language)}: {title} ({task.confidence:.0%})",
            INTENTS: intent_choices((task.proposal, *task.alternatives), self._taxonomy, language),
            ASKED_RESOLUTION: page_text(WORDS["resolved" if ask.asks_resolution else "resolved elsewhere"], language),
            RESOLUTIONS: resolution_choices(language) if ask.asks_resolution else [],
        }
        found = self._slots.find_words(text, task.proposal)
        result = [span(task.turn, text, words, name) for name, words in found.items()]
        if task.confidence >= self._params.preselect_from:
            result.insert(0, choice(INTENT, task.proposal))
        return data, {"score": task.confidence, "result": result}


def intent_choices(best: Sequence[str], taxonomy: Taxonomy, language: Language) -> list[Part]:
    """The intents as choices: the most likely on the first keys, the others in the pack's order, "can't tell" last."""
    first = [name for name in best if name in taxonomy.names][: len(BEST)]
    found = []
    for name in [*first, *(name for name in taxonomy.names if name not in first)]:
        intent = taxonomy[name]
        look = {"value": page_text(intent.title, language), "hint": page_text(intent.definition, language)}
        found.append({"alias": name, **look})
    for one, hotkey in zip(found[: len(first)], BEST, strict=False):
        one["hotkey"] = hotkey
    return [*found, {"alias": CANNOT_TELL, "value": page_text(WORDS[CANNOT_TELL], language), "hotkey": "shift+x"}]


def resolution_choices(language: Language) -> list[Part]:
    """Answers to whether the dialogue's problem was solved, as choices."""
    return [
        {"alias": name, "value": page_text(WORDS[name], language), "hotkey": hotkey}
        for name, hotkey in RESOLUTION_KEYS.items()
    ]


def choice(control: str, value: str) -> Part:
    """A part of a result as Label Studio stores it: one choice."""
    return {"from_name": control, "to_name": OBJECT, "type": "choices", "value": {"choices": [value]}}


def span(turn: int, text: str, words: str, slot: str) -> Part:
    """A part of a result: these words of a turn, where they come last, are the slot."""
    *_, found = re.finditer(re.escape(words), text, re.IGNORECASE)
    value = {**region(turn, text, *found.span()), "hypertextlabels": [slot]}
    return {"from_name": SLOTS, "to_name": OBJECT, "type": "hypertextlabels", "value": value}
