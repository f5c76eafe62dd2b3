"""SFT rows that teach a model to answer from the knowledge that it is shown, and to refuse where none answers.

They are the pack's labelled wordings of the learning side that open a chat (``kefu.split``); the other side measures.
The prompt is serving's (``kefu.llm.prompt.answer_messages``). A question of the FAQ is answered by its entry, which
stands anywhere among the knowledge: a model that reads must not learn to copy the first one. A question that nothing
in the pack answers gets the pack's ``no_answer`` and how a person is called, as the prompt asks for; one that no shop
answers its ``out_of_scope``.

Not covered: clarifying questions and tool results. Flows ask and tell those; no model is asked to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from jinja2 import Template

from data.sets.from_pack.acts import ACTS
from data.sets.prompts import NearestKnowledge
from kefu.errors import Unusable
from kefu.knowledge.entries import knowledge_entries
from kefu.knowledge.index import KnowledgeEntry
from kefu.llm.prompt import answer_messages
from kefu.schema import Example, Message, Turn
from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from kefu.shop.slots import language
from kefu.shop.wordings.labelled import OUTSIDE, UNANSWERED, load_wordings
from kefu.split import Side, fraction, labelled_side

PACK_ANSWERS = "pack_answers"  # intent, dialogue and customer of such a row: nobody said it
REFUSED_SHARE = 0.2  # of the rows


class Question(NamedTuple):
    """A message that opens a chat. label: what it asks, as the pack's wordings name it."""

    text: str
    lang: Lang
    label: str


def pack_questions(pack: Pack, side: Side) -> tuple[list[Question], list[Question]]:
    """Questions that an entry of the FAQ answers, and questions that nothing answers; redacted, each text once."""
    redactor = pack.redactor()
    found: dict[str, Question] = {}
    for wording in load_wordings(pack):
        if labelled_side(wording.say) == side and not wording.after and len(wording.acts) == 1:
            text, label = redactor.redact(wording.say, {}), wording.acts[0]
            if label.startswith("ask:") or label in (UNANSWERED, OUTSIDE):
                found.setdefault(text, Question(text, language(wording.say), label))
    answered = [one for one in found.values() if one.label.startswith("ask:")]
    return answered, [one for one in found.values() if not one.label.startswith("ask:")]


def pack_answers(pack: Pack, nearest: NearestKnowledge, count: int, seed: int) -> list[Example]:
    """At most ``count`` rows, drawn by hash: of the answered questions one of each entry, then a second of each.

    Raises:
        Unusable: the pack has no words to refuse with.
    """
    if not count:
        return []
    if pack.conversation.no_answer is None:
        raise Unusable("conversation.yaml: no `no_answer`: write it, or set build.pack_answers_share to 0")
    answered, refused = pack_questions(pack, "learn")
    entries = {entry.id: entry for entry in knowledge_entries(pack)}
    chosen = _drawn(refused, round(count * REFUSED_SHARE), seed, by_label=False)
    chosen += _drawn(answered, count - len(chosen), seed, by_label=True)
    return [_example(pack, number, one, nearest, entries, seed) for number, one in enumerate(chosen)]


def _drawn(questions: Sequence[Question], count: int, seed: int, by_label: bool) -> list[Question]:
    """Args: by_label: one of each label and language, then a second of each, and so on."""
    seen, ranked = Counter[tuple[str, str]](), list[tuple[int, Question]]()
    for one in sorted(questions, key=lambda one: fraction(one.text, seed)):
        ranked.append((seen[one.label, one.lang] if by_label else 0, one))
        seen[one.label, one.lang] += 1
    return [one for _, one in sorted(ranked, key=lambda place: place[0])[:count]]


def _example(
    pack: Pack,
    number: int,
    one: Question,
    nearest: NearestKnowledge,
    entries: dict[str, KnowledgeEntry],
    seed: int,
) -> Example:
    shown = nearest.find(one.text, one.lang)
    if one.label.startswith("ask:"):
        entry = entries[f"faq:{one.label.removeprefix('ask:')}:{one.lang}"]
        others = [other for other in shown if other.id != entry.id][: len(shown) - 1]
        shown = sorted([entry, *others], key=lambda known: fraction(f"{one.text}\0{known.id}", seed))
        answer = entry.answer
    else:
        answer = refusal(pack, one)
    asked = answer_messages(pack, one.lang, shown, [Turn(role="customer", text=one.text, time=None)])
    return Example(
        id=f"{PACK_ANSWERS}:{number}",
        messages=(*asked, Message(role="assistant", content=answer)),
        split="train",
        dialogue_id=PACK_ANSWERS,
        customer=PACK_ANSWERS,
        intent=PACK_ANSWERS,
    )


def refusal(pack: Pack, one: Question) -> str:
    """What the shop says to a question that nothing answers; not ``offer_person``: no yes to a model is waited for."""
    words = pack.conversation
    if one.label == OUTSIDE:
        return words.out_of_scope.in_(one.lang)
    assert words.no_answer
    said = Template(words.no_answer.in_(one.lang)).render(names=[]).strip()
    hint = words.person_hint.in_(one.lang) if words.person_hint else ""
    return f"{said}{'' if one.lang == 'zh' else ' '}{hint}".strip()


def rows_taught(examples: Iterable[Example]) -> dict[str, int]:
    """Kind of row → how many the centre model learned from, for the manifest of a release."""
    learned = (example.intent for example in examples if example.split == "train")
    return dict(Counter(intent if intent in (ACTS, PACK_ANSWERS) else "answers" for intent in learned))
