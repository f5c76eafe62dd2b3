"""What a reviewer sees in Label Studio: the dialogue, the intents of the pack, the machine's proposal.

Everything is generated from the taxonomy, so a new intent is there after the next push. Intents are shown
in both languages and stored by name. Names of controls are part of what `answers` parses.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any
from xml.etree import ElementTree as ET

from kefu.pack import Taxonomy
from kefu.schema import Dialogue, ReviewTask, Turn

CANNOT_TELL = "cannot_tell"
CONTROL, OBJECT = "intent", "dialogue"
WHO = {"customer": "顾客 Customer", "agent": "客服 Agent", "bot": "机器人 Bot"}
HOTKEYS = "1234567890qwertyuiopasdfghjklzxcvbnm"
STYLE = """
.kefu-ask {border-left: 4px solid #1677ff; background: #f0f6ff; padding: 8px 14px; margin: 10px 0; border-radius: 6px}
.kefu-intents {margin-top: 8px}
"""


def interface(taxonomy: Taxonomy) -> str:
    """The labelling configuration (XML) for this taxonomy."""
    view = ET.Element("View")
    ET.SubElement(view, "Style").text = STYLE
    paragraphs = {"name": OBJECT, "value": "$dialogue", "layout": "dialogue", "nameKey": "author", "textKey": "text"}
    ET.SubElement(view, "Paragraphs", paragraphs)
    ask = ET.SubElement(view, "View", {"className": "kefu-ask"})
    ET.SubElement(ask, "Header", {"value": "▶ $question", "size": "5"})
    ET.SubElement(ask, "Text", {"name": "proposal", "value": "$proposal", "granularity": "word"})
    choices = ET.SubElement(view, "View", {"className": "kefu-intents"})
    ET.SubElement(
        choices, "Filter", {"name": "search", "toName": CONTROL, "minlength": "0", "placeholder": "搜索意图 · search"}
    )
    _choices(choices, taxonomy)
    return ET.tostring(view, encoding="unicode")


def _choices(parent: ET.Element, taxonomy: Taxonomy) -> None:
    if CANNOT_TELL in taxonomy.names:
        raise ValueError(f"taxonomy: an intent must not be called {CANNOT_TELL!r}: reviewers' answer has that name")
    options = {"toName": OBJECT, "choice": "single-radio", "required": "true", "layout": "inline"}
    element = ET.SubElement(parent, "Choices", {"name": CONTROL, **options})
    for intent, hotkey in zip_longest(taxonomy.intents, HOTKEYS[: len(taxonomy.intents)]):
        shown = {"value": f"{intent.title.zh} · {intent.title.en}", "alias": intent.name}
        hint = {"hint": f"{intent.definition.zh}\n{intent.definition.en}"}
        ET.SubElement(element, "Choice", shown | hint | ({"hotkey": hotkey} if hotkey else {}))
    ET.SubElement(element, "Choice", {"value": "看不出来 · Can't tell", "alias": CANNOT_TELL})


def key(task: ReviewTask, version: str) -> str:
    """Identity of a question: the same turn is asked again only under another taxonomy."""
    return f"{task.dialogue_id}#{task.turn}@{version}"


def studio_task(task: ReviewTask, dialogue: Dialogue, taxonomy: Taxonomy) -> dict[str, Any]:
    """One task for Label Studio's import, with the proposal as a prediction.

    Raises ValueError when the dialogue has no such turn or the taxonomy no such intent.
    """
    if task.turn >= len(dialogue.turns) or task.proposal not in taxonomy.names:
        raise ValueError(f"review task {task}: no such turn or intent; run the autolabel stage again")
    title = taxonomy[task.proposal].title
    data = {
        "key": key(task, taxonomy.version),
        "dialogue_id": task.dialogue_id,
        "turn": task.turn,
        "version": taxonomy.version,
        "dialogue": _paragraphs(dialogue.turns, task.turn),
        "question": dialogue.turns[task.turn].text,
        "proposal": f"建议 proposal: {title.zh} · {title.en} ({task.confidence:.0%})",
    }
    return {"data": data, "predictions": [_prediction(task, taxonomy.version)]}


def _paragraphs(turns: Sequence[Turn], asked: int) -> list[dict[str, str]]:
    marks = ["▶ " if index == asked else "" for index in range(len(turns))]
    return [{"author": mark + WHO[turn.role], "text": turn.text} for mark, turn in zip(marks, turns, strict=True)]


def choice(value: str) -> list[dict[str, Any]]:
    """A result as Label Studio stores it: one chosen intent (or CANNOT_TELL)."""
    return [{"from_name": CONTROL, "to_name": OBJECT, "type": "choices", "value": {"choices": [value]}}]


def _prediction(task: ReviewTask, version: str) -> dict[str, Any]:
    return {"model_version": version, "score": task.confidence, "result": choice(task.proposal)}
