"""SFT rows that teach a model to write a message's acts, from the pack alone (``kefu/llm/acts_format.py``).

They are the labelled wordings and the simulator's of the learning side (``kefu.split``); the other only
measures. The prompt is the model reader's (``kefu.llm.prompt.acts_messages``). A wording that answers or corrects
does not tell which slot and value: of these only the simulator's are taught, whose values are known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from kefu.acts import (
    Act,
    Affirm,
    Ask,
    Cancel,
    Compare,
    Complaint,
    Danger,
    Deny,
    Fill,
    Hesitate,
    OutOfScope,
    Person,
    Query,
    Quote,
    Recommend,
    Resume,
    SmallTalk,
    Start,
    Unclear,
)
from kefu.errors import Unusable
from kefu.llm.acts_format import render
from kefu.llm.prompt import acts_messages
from kefu.schema import Example, Message
from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from kefu.shop.slots import language
from kefu.shop.wordings.labelled import OUTSIDE, SUM, UNANSWERED, load_wordings
from kefu.shop.wordings.scripts import Scripts
from kefu.split import Side, fraction, labelled_side
from kefu.text.placeholders import PLACEHOLDER

ACTS = "acts"  # intent, dialogue and customer of such a row: nobody said it
LANGS: tuple[Lang, ...] = ("zh", "en")
_BARE: dict[str, Act] = {
    SUM: Quote(basket=()), "recommend": Recommend(), "compare": Compare(skus=()), "person": Person(),
    "complaint": Complaint(), "yes": Affirm(), "no": Deny(), "hesitate": Hesitate(), "leave": Cancel(),
    "resume": Resume(), OUTSIDE: OutOfScope(), UNANSWERED: Unclear(asks=True),
}  # fmt: skip


class TaughtMessage(NamedTuple):
    """A redacted message, what it does, and what it follows: see ``acts_messages``."""

    text: str
    lang: Lang
    acts: tuple[Act, ...]
    open_question: str = ""
    last_answer: str = ""


def taught_messages(pack: Pack, side: Side = "learn") -> Iterator[TaughtMessage]:
    """What the pack's wordings and simulated customers say on one side, where all that it does can be written."""
    redactor = pack.redactor()
    redact = cache(lambda text: redactor.redact(text, {}))  # many wordings follow the same answer
    for wording in load_wordings(pack):
        if labelled_side(wording.say) != side:
            continue
        text = redact(wording.say)
        acts = [_act(label, text, pack) for label in wording.acts]
        if None not in acts:
            written = tuple(act for act in acts if act is not None)
            yield TaughtMessage(text, language(wording.say), written, last_answer=redact(wording.after))
    if (pack.folder / "simulator").is_dir():
        scripts = Scripts(pack.folder, side)
        for lang in LANGS:
            yield from _wishes(pack, scripts, lang)
            yield from _answers(pack, scripts, lang)


def drawn_messages(pack: Pack, count: int, seed: int) -> list[TaughtMessage]:
    """At most ``count`` messages, drawn by hash: one of each first act, then a second of each, and so on.

    Messages of equal words at one place are taught once.
    """
    taught = {(one.text, one.open_question, one.last_answer): one for one in taught_messages(pack)}
    seen = Counter[str]()
    ranked = list[tuple[int, TaughtMessage]]()
    for one in sorted(taught.values(), key=lambda one: fraction(f"{one.text}\0{one.last_answer}", seed)):
        first = render(one.acts[:1]).partition("=")[0]
        ranked.append((seen[first], one))
        seen[first] += 1
    return [one for _, one in sorted(ranked, key=lambda place: place[0])[:count]]


def acts_examples(pack: Pack, count: int, seed: int) -> list[Example]:
    """``drawn_messages`` as rows for training.

    Raises:
        Unusable: the pack has no prompt for acts.
    """
    if not count:
        return []
    if "acts" not in pack.prompts:
        raise Unusable("prompts.yaml: no prompt `acts`: write one, or set build.acts_share to 0")
    questions = {lang: {faq.id: faq.question.in_(lang) for faq in pack.faq} for lang in LANGS}
    drawn = drawn_messages(pack, count, seed)
    return [_example(pack, number, one, questions[one.lang]) for number, one in enumerate(drawn)]


def _example(pack: Pack, number: int, one: TaughtMessage, questions: dict[str, str]) -> Example:
    asked = acts_messages(pack, one.lang, one.text, one.open_question, one.last_answer)
    answer = Message(role="assistant", content=render(one.acts, questions))
    return Example(
        id=f"{ACTS}:{number}",
        messages=(*asked, answer),
        split="train",
        dialogue_id=ACTS,
        customer=ACTS,
        intent=ACTS,
    )


def _act(label: str, text: str, pack: Pack) -> Act | None:
    """The act of a wording's label; None when the label does not tell it whole."""
    kind, _, name = label.partition(":")
    match kind:
        case "flow":
            return Start(flow=name, slots=_named_order(pack, name, text))
        case "query":
            return Query(name=name)
        case "ask":
            return Ask(entry=name)
        case "talk":
            return SmallTalk(kind=name)
        case "danger":
            return Danger(kind=name)
    return _BARE.get(label)


def _named_order(pack: Pack, flow_name: str, text: str) -> dict[str, str]:
    """The flow's slot for an order, when the message names a single one."""
    pii = pack.entities.order.pii if pack.entities.order else None
    named = [found[0] for found in PLACEHOLDER.finditer(text) if found[1] == pii]
    slots = next(flow.slots for flow in pack.flows if flow.name == flow_name)
    own = [name for name in slots if pack.slots[name].pii == pii]
    return {own[0]: named[0]} if len(named) == 1 and own else {}


def _wishes(pack: Pack, scripts: Scripts, lang: Lang) -> Iterator[TaughtMessage]:
    names = pack.product_names(lang)
    for goal_name, goal in scripts.goals.items():
        act: Act = Start(flow=goal.flow) if goal.flow else Query(name=goal.query) if goal.query else Person()
        for number, text in enumerate(scripts.openings(goal_name, lang)):
            if "{" not in (filled := text.replace("{item}", names[number % len(names)]) if names else text):
                yield TaughtMessage(filled, lang, (act,))
    for entry in scripts.entries(lang):
        yield from (TaughtMessage(text, lang, (Ask(entry=entry),)) for text in scripts.questions(entry, lang))


def _answers(pack: Pack, scripts: Scripts, lang: Lang) -> Iterator[TaughtMessage]:
    """What fills a slot that is asked for: an order's number, or one of the slot's choices."""
    pii = pack.entities.order.pii if pack.entities.order else None
    for flow_name, name in ((flow.name, name) for flow in pack.flows for name in flow.asked_slots):
        slot = pack.slots[name]
        question = "" if "{" in slot.ask.in_(lang) else slot.ask.in_(lang)  # Jinja: the shop's data stand there
        told = {value: scripts.value(name, value, lang) for value in slot.choices}
        if pii and slot.pii == pii:
            told = {f"[{pii}_1]": scripts.frame(name, lang)}
        for value, words in told.items():
            for text in words:
                said = text.replace("{value}", value)
                if said != value or slot.pii:  # a value without words is no message
                    yield TaughtMessage(said, lang, (Fill(slot=name, value=value),), f"{flow_name} {name}", question)


def prompts_taught(examples: Iterable[Example]) -> set[str]:
    """The system prompts under which acts were taught, for ``kefu/llm/taught_acts.py``."""
    return {example.messages[0].content for example in examples if example.split == "train" and example.intent == ACTS}
