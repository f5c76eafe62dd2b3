"""Questions about a dialogue as a task for Label Studio: what the reviewer sees, the proposals as its prediction."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from data.review.label_studio.annotations import Annotation
from data.review.label_studio.chat_html import chat, region
from data.review.label_studio.page import CANNOT_TELL_KEYS, RESOLUTION_KEYS, WORDS, Language, page_text
from data.review.label_studio.slot_labels import PageSlots
from data.review.params import Review
from data.review.task_id import (
    ASKED_RESOLUTION,
    CANNOT_TELL,
    INTENT,
    INTENTS,
    MARK,
    OBJECT,
    PER_TASK,
    QUESTIONS,
    RESOLUTIONS,
    SCHEMA,
    SLOTS,
    control,
    encode_mark,
    key,
    question_key,
)
from kefu.errors import Unusable
from kefu.schema import Dialogue, ReviewTask
from kefu.shop.taxonomy import Taxonomy

MODEL = "kefu"  # Label Studio preselects predictions of one model only: the same name for every taxonomy
BEST = ("123", "qwe", "asd")  # keys of the likeliest intents: a row of the keyboard for each question
UNUSED = "unused"  # the only choice of a question that a task does not have: the page requires one, and hides it
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
        """Key that identifies the question on the server."""
        return question_key(self.question, self.round)


class TaskMaker:
    """Makes the tasks of one pack, in the language of the page."""

    def __init__(self, taxonomy: Taxonomy, slots: PageSlots, params: Review) -> None:
        self._taxonomy, self._slots, self._params = taxonomy, slots, params

    def task(self, asks: Sequence[Ask], dialogue: Dialogue) -> Part:
        """One task for Label Studio's import: at most ``PER_TASK`` questions in the order of the dialogue's turns.

        Raises Unusable when the dialogue has no such turn or the taxonomy no such intent.
        """
        turns, asked = dialogue.turns, [ask.task.turn for ask in asks]
        if asked[-1] >= len(turns):
            raise Unusable(f"review task {asks[-1].task}: no such turn: run the autolabel stage again")
        data = {
            "key": " ".join(ask.key for ask in asks),
            "dialogue_id": dialogue.id,
            "version": asks[0].version,
            "schema": SCHEMA,
            OBJECT: chat(turns, asked),
        }
        proposed, prediction = self.proposals(asks, [turns[turn].text for turn in asked])
        return {"data": data | proposed, "predictions": [{"model_version": MODEL, **prediction}]}

    def proposals(self, asks: Sequence[Ask], texts: Sequence[str]) -> tuple[Part, Part]:
        """What may change while a task is open: fields of its data, and score and result of its prediction.

        Raises Unusable when the taxonomy has no such intent.
        """
        language, asks_resolution = self._params.language, any(ask.asks_resolution for ask in asks)
        numbered = list(enumerate(zip(asks, texts, strict=True)))
        questions = [self._question(number, ask, text) for number, (ask, text) in numbered]
        unused = range(len(asks), PER_TASK)
        data = {
            QUESTIONS: questions
            + [{"text": "", "proposal": "", INTENTS: [{"alias": UNUSED, "value": ""}]} for _ in unused],
            "question": "\n".join(texts),
            "proposal": "\n".join(asked["proposal"] for asked in questions),
            ASKED_RESOLUTION: page_text(WORDS["resolved" if asks_resolution else "resolved elsewhere"], language),
            RESOLUTIONS: resolution_choices(language) if asks_resolution else [],
        }
        marked = [part for number, (ask, text) in numbered for part in self._marked(number, ask, text)]
        result = marked + [choice(control(INTENT, number), UNUSED) for number in unused]
        return data, {"score": min(ask.task.confidence for ask in asks), "result": result}

    def _question(self, number: int, ask: Ask, text: str) -> Part:
        task, language = ask.task, self._params.language
        if task.proposal not in self._taxonomy.names:
            raise Unusable(f"review task {task}: no such intent: run the autolabel stage again")
        title = page_text(self._taxonomy[task.proposal].title, language)
        return {
            "key": ask.key,
            "turn": task.turn,
            MARK: encode_mark(ask.key, ask.audited),
            "text": text,
            "proposal": f"{page_text(WORDS['proposal'], language)}: {title} ({task.confidence:.0%})",
            "confidence": task.confidence,
            INTENTS: intent_choices((task.proposal, *task.alternatives), self._taxonomy, language, number),
        }

    def _marked(self, number: int, ask: Ask, text: str) -> Iterator[Part]:
        """What is selected already: the proposal where the machine is sure enough, and the slots that it found."""
        if ask.task.confidence >= self._params.preselect_from:
            yield choice(control(INTENT, number), ask.task.proposal)
        for name, words in self._slots.find_words(text, ask.task.proposal).items():
            yield span(ask.task.turn, text, words, name)


def intent_choices(best: Sequence[str], taxonomy: Taxonomy, language: Language, number: int = 0) -> list[Part]:
    """The intents as choices: the likeliest on keys, the others in the pack's order, "can't tell" last.

    Args:
        best: the likeliest intents, the first of them first.
        number: of the question (0, 1 …): each has a row of the keyboard.
    """
    first = [name for name in best if name in taxonomy.names][: len(BEST[number])]
    apart = " " * number  # a radio button is named by its text, and in a browser those of one name exclude each other
    found = []
    for name in [*first, *(name for name in taxonomy.names if name not in first)]:
        intent = taxonomy[name]
        look = {"value": page_text(intent.title, language) + apart, "hint": page_text(intent.definition, language)}
        found.append({"alias": name, **look})
    for one, hotkey in zip(found[: len(first)], BEST[number], strict=False):
        one["hotkey"] = hotkey
    words = page_text(WORDS[CANNOT_TELL], language) + apart
    return [*found, {"alias": CANNOT_TELL, "value": words, "hotkey": CANNOT_TELL_KEYS[number]}]


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
