"""Puts a dialogue together: greeting, one to four topics with follow-ups, goodbye."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from data.sample.people import Person
from data.sample.spec import Script
from data.sample.talk import SampleTurn, Talk, Writer
from kefu.shop.part import Lang


@dataclass(frozen=True)
class SampleDialogue:
    """A finished dialogue: what the channel will carry, and the truth."""

    person: Person
    turns: tuple[SampleTurn, ...]
    outcome: str

    def row(self, session: str, times: list[str] | None, csat: int | None) -> dict[str, Any]:
        """The dialogue as one line of the ``kefu_jsonl`` channel."""
        turns: list[dict[str, str]] = [{"role": turn.role, "text": turn.text} for turn in self.turns]
        for turn, time in zip(turns, times or (), strict=False):
            turn["time"] = time
        row = {"session": session, "customer": self.person.id, "turns": turns, "outcome": self.outcome}
        return row if csat is None else row | {"csat": csat}


def write(
    writer: Writer,
    person: Person,
    day: tuple[int, str],
    plan: random.Random,
    hand: random.Random,
    own: random.Random | None = None,
) -> SampleDialogue:
    """One dialogue of this person on day (index, date). plan, hand, own: see ``data.sample.talk.Talk``."""
    rates, settings = writer.spec.settings.rates, writer.spec.settings
    other: Lang = "zh" if person.lang == "en" else "en"
    lang = other if plan.random() < 0.02 else person.lang
    talk = Talk(writer, person, lang, day, plan, hand, own)
    if plan.random() < rates.greeting:
        talk.play(_framing(writer, "greeting", plan))
    count = plan.choices(range(1, len(settings.topics) + 1), settings.topics)[0]
    outcome = _topics(writer, talk, _intents(settings.intents, count, plan), day[0], plan)
    if outcome == "resolved" and plan.random() < rates.closing:
        talk.play(_framing(writer, "closing", plan))
    if plan.random() < rates.abandoned:
        return SampleDialogue(person, _cut(talk.turns, plan), "abandoned")
    return SampleDialogue(person, tuple(talk.turns), outcome)


def times(start: datetime, count: int, rng: random.Random) -> list[str]:
    """Draws the time of each turn, 4 to 74 seconds after the one before (ISO 8601)."""
    gaps = [rng.randrange(4, 75) for _ in range(count)]
    return [(start + timedelta(seconds=sum(gaps[:i]))).isoformat() for i in range(count)]


def _intents(weights: dict[str, float], count: int, rng: random.Random) -> list[str]:
    names = list(weights)
    chosen = rng.choices(names, list(weights.values()), k=count)
    return list(dict.fromkeys(chosen))


def _topics(writer: Writer, talk: Talk, intents: list[str], day: int, plan: random.Random) -> str:
    """Plays each topic; the dialogue ends where somebody is handed over."""
    for number, intent in enumerate(intents):
        outcome = _topic(writer, talk, intent, number, day, plan)
        if outcome != "resolved":
            return outcome
    return "resolved"


def _topic(writer: Writer, talk: Talk, intent: str, number: int, day: int, plan: random.Random) -> str:
    spec = writer.spec
    scripts = [s for s in spec.scripts if s.intent == intent and s.since <= day and s.id not in FRAMES]
    entries = [entry for entry in writer.pack.faq if entry.intent == intent]
    share = spec.settings.faq_share.get(intent, 0.3) if scripts else 1.0
    before = talk.word("also") if number and plan.random() < 0.5 else ""
    if entries and plan.random() < share:
        talk.open_topic("any", before)
        talk.ask(plan.choice(entries))
        outcome = "resolved"
    else:
        outcome = _scripted(writer, talk, scripts, before, plan)
    if outcome == "resolved" and intent in spec.follow_ups and plan.random() < spec.settings.rates.follow_up:
        further = plan.choice(spec.follow_ups[intent])
        talk.customer(further.c, intent)
        talk.agent(further.a)
    return outcome


def _scripted(writer: Writer, talk: Talk, scripts: list[Script], before: str, plan: random.Random) -> str:
    script = plan.choices(scripts, [s.weight for s in scripts])[0]
    talk.open_topic(script.order or "any", before)
    if script.order and plan.random() < writer.spec.settings.rates.bare_data:
        talk.play(_framing(writer, "bare_data", plan))
    talk.play(script)
    return script.outcome


FRAMES = ("greeting", "closing", "bare_data")


def _framing(writer: Writer, name: str, plan: random.Random) -> Script:
    """The script of this id: how dialogues begin and end in this shop."""
    return next(script for script in writer.spec.scripts if script.id == name)


def _cut(turns: list[SampleTurn], plan: random.Random) -> tuple[SampleTurn, ...]:
    """The customer leaves without a word."""
    ends = [i for i, turn in enumerate(turns) if turn.role == "customer" and i > 0]
    return tuple(turns[: plan.choice(ends) + 1]) if ends else tuple(turns)
