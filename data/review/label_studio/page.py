"""The page on which a reviewer works: the dialogue as a chat, and beside it the questions about its messages.

Everything is generated from the shop pack, so a new intent or slot is there after the next push. The choices come
with each task (``tasks``), because the most likely ones stand first. The page has room for ``PER_TASK`` questions;
those that a task does not have are hidden. Label Studio's own ``Repeater`` cannot be used for that: its server refuses
predictions and new versions of a page with names made from an index. Titles are shown in the language that
``review.language`` names, or in both; what is stored are names. How it looks: page.css.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from data.review.task_id import (
    ANSWER,
    ASKED_RESOLUTION,
    CANNOT_TELL,
    INTENT,
    INTENTS,
    OBJECT,
    PER_TASK,
    QUESTIONS,
    RESOLUTION,
    RESOLUTIONS,
    RESOLVED,
    SLOTS,
    control,
)
from kefu.errors import Unusable
from kefu.shop.part import Text
from kefu.shop.taxonomy import Taxonomy

Language = Literal["zh", "en", "both"]
RESOLUTION_KEYS = dict(zip(RESOLVED, ("shift+y", "shift+n", "shift+u"), strict=True))
CANNOT_TELL_KEYS = ("shift+x", "shift+c", "shift+v")  # of each question
SEARCH_KEYS = ("shift+f", "shift+g", "shift+h")
SLOT_KEYS = "1234567890qwertiopasdjklzbm"  # with Shift, and without the letters that mean something else there
COLOURS = ("#d9480f", "#5f3dc4", "#087f5b", "#c2255c", "#1864ab", "#846358", "#2b8a3e", "#862e9c", "#a61e4d", "#364fc7")
STYLE = Path(__file__).with_name("page.css")
WORDS = {
    "customer": Text(zh="顾客", en="Customer"),
    "agent": Text(zh="客服", en="Agent"),
    "bot": Text(zh="机器人", en="Bot"),
    "asked": Text(zh="标注这一句", en="label this one"),
    "intent": Text(zh="这句话的意图？", en="What is this message about?"),
    "search": Text(zh="搜索意图", en="search intents"),
    CANNOT_TELL: Text(zh="看不出来", en="Can't tell"),
    "slots": Text(zh="要素：先点标签，再划选文字", en="Details: choose a label, then select the words"),
    "resolved": Text(zh="整段对话：问题解决了吗？", en="Whole dialogue: was the problem solved?"),
    "resolved elsewhere": Text(
        zh="问题是否解决：在这段对话的另一题里问", en="Solved or not: asked in another task of this dialogue"
    ),
    "yes": Text(zh="解决了", en="Yes"),
    "no": Text(zh="没有", en="No"),
    "unclear": Text(zh="不清楚", en="Unclear"),
    "answer": Text(zh="回答得不好？写下更好的回答", en="A bad answer? Write a better one"),
    "proposal": Text(zh="机器建议", en="proposal"),
}


def page_text(text: Text, language: Language) -> str:
    """A text in the language of the page."""
    return f"{text.zh} · {text.en}" if language == "both" and text.zh != text.en else text.in_(language)


class Page:
    """Builds the labelling configuration (XML) of one pack in one language. ``slots``: name → title.

    Raises Unusable when an intent has the name of the answer "can't tell".
    """

    def __init__(self, taxonomy: Taxonomy, slots: Mapping[str, Text], language: Language) -> None:
        if CANNOT_TELL in taxonomy.names:
            raise Unusable(f"taxonomy: {CANNOT_TELL!r} is an answer of reviewers, not an intent: rename the intent")
        self._slots, self._language = slots, language

    def xml(self) -> str:
        page = ET.Element("View", {"className": "kefu-page"})
        ET.SubElement(page, "Style").text = STYLE.read_text(encoding="utf8") + self._captions()
        left = ET.SubElement(page, "View", {"className": "kefu-left"})
        chat = ET.SubElement(left, "View", {"className": "kefu-chat"})
        ET.SubElement(chat, "HyperText", {"name": OBJECT, "value": f"${OBJECT}", "inline": "true"})
        self._details(left)
        right = ET.SubElement(page, "View", {"className": "kefu-right"})
        for number in range(PER_TASK):
            self._question(right, number)
        self._resolution(right)
        return ET.tostring(page, encoding="unicode")

    def _word(self, name: str) -> str:
        return page_text(WORDS[name], self._language)

    def _captions(self) -> str:
        roles = [(f".kefu-{role}::before", self._word(role)) for role in ("customer", "agent", "bot")]
        asked = f"{self._word('customer')} · {self._word('asked')}"
        marked = [(f".kefu-turn.kefu-asked-{n}::before", f"▶ {n} · {asked}") for n in range(1, PER_TASK + 1)]
        return "".join(f"\n{selector} {{ content: '{words}'; }}" for selector, words in [*roles, *marked])

    def _section(self, parent: ET.Element, word: str, name: str) -> ET.Element:
        section = ET.SubElement(parent, "View", {"className": f"kefu-section kefu-{name}"})
        ET.SubElement(section, "Header", {"value": self._word(word), "size": "5"})
        return section

    def _details(self, parent: ET.Element) -> None:
        labels = ET.SubElement(
            self._section(parent, "slots", SLOTS), "HyperTextLabels", {"name": SLOTS, "toName": OBJECT}
        )
        for number, (name, title) in enumerate(self._slots.items()):
            look = {"background": COLOURS[number % len(COLOURS)]}
            hotkey = {"hotkey": f"shift+{SLOT_KEYS[number]}"} if number < len(SLOT_KEYS) else {}
            ET.SubElement(labels, "Label", {"value": page_text(title, self._language), "alias": name, **look, **hotkey})

    def _question(self, parent: ET.Element, number: int) -> None:
        """One question: the message, the proposal, the intents, and a better answer."""
        asked = f"${QUESTIONS}[{number}]"
        question = ET.SubElement(parent, "View", {"className": f"kefu-question kefu-question-{number + 1}"})
        ask = ET.SubElement(question, "View", {"className": "kefu-ask"})
        ET.SubElement(ask, "Header", {"value": f"{asked}.text", "size": "5"})
        proposal = ET.SubElement(ask, "View", {"className": "kefu-proposal"})
        ET.SubElement(proposal, "Header", {"value": f"{asked}.proposal", "size": "5"})
        self._intents(question, number)
        self._answer(question, number)

    def _intents(self, parent: ET.Element, number: int) -> None:
        section, name, key = self._section(parent, "intent", INTENT), control(INTENT, number), SEARCH_KEYS[number]
        search = {"name": control("search", number), "toName": name, "minlength": "0", "hotkey": key}
        ET.SubElement(section, "Filter", {**search, "placeholder": f"{self._word('search')} ({key})"})
        options = {"toName": OBJECT, "choice": "single-radio", "required": "true", "layout": "inline"}
        ET.SubElement(section, "Choices", {"name": name, "value": f"${QUESTIONS}[{number}].{INTENTS}", **options})

    def _resolution(self, parent: ET.Element) -> None:
        section = ET.SubElement(parent, "View", {"className": f"kefu-section kefu-{RESOLUTION}"})
        ET.SubElement(section, "Header", {"value": f"${ASKED_RESOLUTION}", "size": "5"})
        options = {"toName": OBJECT, "choice": "single-radio", "layout": "inline"}
        ET.SubElement(section, "Choices", {"name": RESOLUTION, "value": f"${RESOLUTIONS}", **options})

    def _answer(self, parent: ET.Element, number: int) -> None:
        section = ET.SubElement(parent, "View", {"className": f"kefu-section kefu-{ANSWER}"})
        options = {"name": control(ANSWER, number), "toName": OBJECT, "rows": "2", "maxSubmissions": "1"}
        options |= {"editable": "true", "placeholder": self._word("answer")}
        options["showSubmitButton"] = "false"  # what is in the box goes along with Submit
        ET.SubElement(section, "TextArea", options)
