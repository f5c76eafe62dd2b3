"""Plays conversations of scripted customers with a release and judges them.

A conversation counts when the database ended right and nothing else in it changed, when what was asked was told, and
when no answer said "I did not understand" (or left it to a model) about something that the pack holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from evaluation.candidate import ReleaseUnderTest
from evaluation.simulator.cases import Case, Wish
from evaluation.simulator.customer import MAX_TURNS, Customer, Utterance
from evaluation.simulator.world import Call, World, call
from kefu.acts import SmallTalk, kind
from serving.dialogue.expressions import render
from serving.dialogue.reading.script import simplified
from serving.dialogue.reply import Reply

UNSERVED = ("fallback", "model")  # routes of answers that do not rest on the pack


@dataclass
class Played:
    """One conversation, judged. faults: kind of fault and its words, empty when it counts."""

    case: Case
    trial: int
    turns: list[tuple[Utterance, Reply]]
    faults: list[tuple[str, str]] = field(default_factory=list)
    wrong_writes: list[str] = field(default_factory=list)
    misunderstood: int = 0

    @property
    def success(self) -> bool:
        return not self.faults

    def transcript(self) -> str:
        lines = [f"{self.case.goal} #{self.case.number}.{self.trial} {self.case.customer} {sorted(self.case.habits)}"]
        for said, reply in self.turns:
            lines.append(f"  C {said.text}    [{' '.join(map(kind, said.acts))}]")
            about = f"{reply.route} flow={reply.flow} asks={reply.asks} {reply.outcome or ''} read={reply.acts}"
            lines.append(f"  K {reply.text}    ({about})".replace("\n", "\n    "))
        return "\n".join([*lines, *(f"  ! {name}: {words}" for name, words in self.faults)])


def play(release: ReleaseUnderTest, world: World, case: Case, trial: int, seed: int) -> Played:
    """Plays one case; another trial is the same wish in other words."""
    customer = Customer(case, world.scripts, world.pack, trial, seed)
    conversation = release.start_conversation(case.customer)
    turns: list[tuple[Utterance, Reply]] = []
    said: Utterance | None = customer.opening()
    while said and len(turns) < MAX_TURNS:
        reply = conversation.say(said.text)
        if reply.script == "traditional":  # customer and judge know the pack's words in simplified characters
            reply = reply.model_copy(update={"text": simplified(reply.text)})
        turns.append((said, reply))
        said = customer.answer(reply)
    played = Played(case, trial, turns)
    if said:
        played.faults.append(("no end", f"{MAX_TURNS} turns were not enough"))
    played.faults += [("misread", words) for words in customer.misread]
    difference = world.compare(conversation.db, calls_of(case, customer, turns))
    played.wrong_writes = difference.wrong
    played.faults += [("wrong write", row) for row in difference.wrong]
    played.faults += [("not done", row) for row in difference.missing]
    played.faults += _untold(world, case, customer, turns)
    not_understood = [i for i, (_, reply) in enumerate(turns) if is_misunderstanding(world, reply)]
    played.misunderstood = len(not_understood)
    played.faults += [("not understood", turns[i][0].text) for i in not_understood]
    return played


def calls_of(case: Case, customer: Customer, turns: list[tuple[Utterance, Reply]]) -> tuple[Call, ...]:
    """The tool calls that the conversation had to end in."""
    calls = []
    for wish in case.wishes:
        if wish.goal is None or any(wish is given_up for given_up in customer.given_up):
            continue
        for wanted in wish.goal.calls:
            kept = {slot: _kept(slot, customer.words[id(wish)].get(slot, ""), turns) for slot in wanted.free}
            values = {**_values(customer, wish), **kept}
            args = {name: values.get(source) for name, source in wanted.args.items()}
            calls.append(call(wanted.tool, args, case.customer))
    return tuple(calls)


def _values(customer: Customer, wish: Wish) -> dict[str, Any]:
    """Row and slots as the shop keeps them: a choice by its code, other slots in the words that were told."""
    words = customer.words[id(wish)]
    return {**wish.row, **words, **{slot: code for slot, code in wish.slots.items() if customer.is_choice(slot)}}


def _kept(slot: str, told: str, turns: list[tuple[Utterance, Reply]]) -> str:
    """Free words as they were kept, if they are the customer's: 换成灰色 may be kept as 灰色."""
    kept = next((reply.slots[slot] for _, reply in reversed(turns) if slot in reply.slots), told)
    return kept if kept and (kept in told or told in kept) else told


def _untold(
    world: World, case: Case, customer: Customer, turns: list[tuple[Utterance, Reply]]
) -> list[tuple[str, str]]:
    text = _figures("\n".join(reply.text for _, reply in turns))
    sources = {source for _, reply in turns for source in reply.sources}
    faults = []
    for entry in [*customer.asked, *(wish.entry for wish in case.wishes if wish.entry)]:
        if not any(source.startswith(f"faq:{entry}:") for source in sources):
            faults.append(("not told", f"faq {entry}"))
    for wish in case.wishes:
        if wish.goal is None:
            continue
        left = any(wish is other for other in customer.given_up) and wish.goal.confirm == "yes"
        if wish.goal.person and not any(reply.outcome == "handoff" for _, reply in turns):
            faults.append(("not told", "no person"))
        if left:
            continue
        for template in wish.goal.told:
            figure = render(template, wish.row)
            if _figures(figure) not in text:
                faults.append(("not told", f"{wish.name}: {figure}"))
        one = wish.goal.says_one.get(case.lang, ())
        if one and not any(words in text for words in one):
            faults.append(("not told", f"{wish.name}: one of {one}"))
    return faults


def _figures(text: str) -> str:
    """Figures without separators of thousands and without .00."""
    return re.sub(r"(?<=\d)\.00\b", "", re.sub(r"(?<=\d),(?=\d{3})", "", text))


def is_misunderstanding(world: World, reply: Reply) -> bool:
    """Whether the answer says that it did not understand or does not know, or rests on nothing of the pack."""
    shop, talk = world.pack.shop, world.pack.conversation
    words = [text.in_(reply.lang) for text in (shop.fallback, talk.again, talk.unsure) if text]
    return reply.route in UNSERVED or any(word in reply.text for word in words)


def acts_read(said: Utterance, reply: Reply) -> bool:
    """Whether the acts were read by their kinds; small talk beside a wish may be read or not."""
    true = {kind(act) for act in said.acts if not isinstance(act, SmallTalk)}
    return true == {name for name in reply.acts if name != "smalltalk"}
