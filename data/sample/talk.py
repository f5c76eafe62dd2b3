"""A dialogue being written: turns with their truth, and what was said so far.

Words named ``{product}`` stay the same within a topic, ``{!lead}`` is drawn anew each time,
``{=reason}`` says a slot's value in the customer's words (and labels it), ``{reason~pays}`` is what an
agent says to that value. Personal data is put in after the slips, so that a number is never mistyped
into one that redaction cannot know.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from data.sample.people import Crowd, Person
from data.sample.slips import slip
from data.sample.spec import Beat, Phrases, Script, Spec
from data.sample.template import TemplateError, choose, expand
from kefu.shop.pack import Faq, Pack
from kefu.shop.part import Lang

# Stands for a fact while the text around it is mistyped: one private character each, no slip touches it.
_FIRST = 0xE000
_FACT = re.compile("[\ue000-\ue0ff]")


@dataclass(frozen=True)
class SampleTurn:
    """One turn. ``intent`` and ``slots`` are the truth of a customer's turn."""

    role: str
    text: str
    intent: str | None = None
    slots: tuple[tuple[str, str], ...] = ()


def reworded(text: str, words: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """The text with some of its words, each with one chance in two, replaced by others of the same meaning."""
    if not words:
        return text
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.sub(
        "|".join(map(re.escape, longest_first)),
        lambda found: rng.choice(words[found[0]]) if rng.random() < 0.5 else found[0],
        text,
    )


@dataclass
class Topic:
    """What holds within one topic of a dialogue."""

    facts: dict[str, str]
    words: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    before: str = ""


def nobody(customer: str) -> bool:
    return False


class Writer:
    """What all dialogues of a pack share. is_held_out: see ``data.sample.generate.generate``."""

    def __init__(self, pack: Pack, spec: Spec, crowd: Crowd, is_held_out: Callable[[str], bool] = nobody) -> None:
        self.pack, self.spec, self.crowd, self.is_held_out = pack, spec, crowd, is_held_out
        self.faq: dict[str, Faq] = {entry.id: entry for entry in pack.faq}


class Talk:
    """Writes one dialogue.

    plan: decides what is said. hand: how customers type. own: agents' own words; None: their canned replies alone.
    """

    def __init__(
        self,
        writer: Writer,
        person: Person,
        lang: Lang,
        day: tuple[int, str],
        plan: random.Random,
        hand: random.Random,
        own: random.Random | None = None,
    ) -> None:
        self._writer, self._spec, self._person, self._lang = writer, writer.spec, person, lang
        self._day, self._date = day
        self._plan, self._hand, self._own = plan, hand, own
        self._topic = Topic(dict(person.facts))
        self._slots: list[tuple[str, str]] = []
        self._facts: list[str] = []
        self.turns: list[SampleTurn] = []

    def open_topic(self, order_query: str, before: str = "") -> None:
        """Forgets the last topic's words and takes another order; ``before`` begins its first turn."""
        order = self._writer.crowd.order(self._person, order_query, self._date, self._plan)
        self._topic = Topic(self._person.facts | {"order": order}, before=before)
        if before:
            self._topic.words["hi"] = ""  # nobody says hello in the middle

    def play(self, script: Script) -> None:
        self._beats(script.beats, script.intent)

    def customer(self, phrases: Phrases, intent: str) -> None:
        """A customer's turn, perhaps mistyped, perhaps sent twice."""
        self._slots, self._facts = [], []
        raw, self._topic.before = self._topic.before + self._say(phrases), ""
        text = self._put_facts(slip(raw, self._lang, self._spec.slips, self._spec.settings.rates, self._hand))
        said = SampleTurn("customer", text, intent, tuple(self._slots))
        self.turns += [said] * (2 if self._hand.random() < self._spec.settings.rates.repeated else 1)

    def agent(self, group: str) -> None:
        """An agent's turn, from a phrase group or with the answer of an FAQ entry (``faq:<id>``).

        Some are in the agent's own words, but for facts and the answer of the entry: it says what the shop promises.
        """
        if group.startswith("faq:"):
            self._topic.facts["answer"] = self._writer.faq[group[4:]].answer.in_(self._lang)
            group = "answer"
        self._facts = []
        text = self._say(self._spec.phrases[group])
        if self._own and self._own.random() < self._spec.settings.rates.own_words:
            text = reworded(text, self._spec.own_words.get(self._lang, {}), self._own)
        self.turns.append(SampleTurn("agent", self._put_facts(text)))

    def question(self, entry: Faq) -> Phrases:
        """Ways to ask an FAQ entry, to stand in a phrase as ``{question}``."""
        asked = (entry.question.in_(self._lang), *entry.variants.get(self._lang, ()))
        more = self._spec.phrases.get(f"ask.{entry.id}", {}).get(self._lang, ())
        return {self._lang: (*(text.rstrip("？?") for text in asked), *more)}

    def ask(self, entry: Faq) -> None:
        """The customer asks an FAQ entry in some words, the agent answers."""
        self._topic.words["question"] = self._say(self.question(entry))
        self.customer(self._spec.phrases["question"], entry.intent)
        self.agent(f"faq:{entry.id}")

    def word(self, name: str) -> str:
        return self._say(self._spec.words[name])

    def _beats(self, beats: Sequence[Beat], intent: str) -> None:
        for beat in beats:
            if beat.unless in self._topic.said or (beat.p < 1 and self._plan.random() >= beat.p):
                continue
            if beat.any:
                self._beats(self._plan.choice(beat.any), intent)
            elif beat.c:
                self.customer(self._spec.phrases[beat.c], beat.intent or intent)
            elif beat.a:
                self.agent(beat.a)

    def _say(self, phrases: Phrases) -> str:
        return expand(choose(phrases[self._lang], self._day, self._plan), self._plan, self._fill)

    def _put_facts(self, text: str) -> str:
        return _FACT.sub(lambda match: self._facts[ord(match[0]) - _FIRST], text)

    def _fill(self, name: str) -> str:
        topic = self._topic
        if name in topic.facts:
            topic.said.add(name)
            self._facts.append(topic.facts[name])
            return chr(_FIRST + len(self._facts) - 1)
        if name.startswith("="):
            return self._value(name[1:])
        if "~" in name:
            slot, words = name.split("~")
            known = self._spec.by_slot[f"{slot}~{words}"]
            return self._say(known.get(topic.values.get(slot, "*"), known["*"]))
        if name.startswith("!"):
            return self._say(self._words(name[1:]))
        topic.said.add(name)
        if name not in topic.words:
            topic.words[name] = self._say(self._words(name))
        return topic.words[name]

    def _words(self, name: str) -> Phrases:
        if name not in self._spec.words:
            raise TemplateError(f"{{{name}}} is neither a word of words.yaml nor a fact about people")
        return self._spec.words[name]

    def _value(self, slot: str) -> str:
        """A value of the slot in the customer's words: the same value all through the topic."""
        known = self._spec.values[slot]
        value = self._topic.values.setdefault(slot, self._plan.choice(sorted(known)))
        self._topic.said.add(slot)
        if (slot, value) not in self._slots:
            self._slots.append((slot, value))
        return self._say(known[value])
