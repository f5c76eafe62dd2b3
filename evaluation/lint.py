"""Faults of a shop pack that its types cannot show: what no golden reaches, never runs, or contradicts itself.

Static reading only: a golden reaches a flow that its ``expect`` names, and an FAQ answer or query whose question,
variants or words one of its messages holds. Errors make the command fail; warnings are listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import re2

from evaluation.golden import Golden, load_goldens
from kefu.shop.flows import Flow, Slot
from kefu.shop.pack import Pack
from kefu.shop.part import PackError
from kefu.shop.promotions import Promotion, contradictions
from kefu.shop.wordings.labelled import load_wordings
from kefu.split import labelled_side
from kefu.text.regexes import re2_options

CAMPAIGN_DAYS = 60  # an offer of so many days has a name that customers know


@dataclass(frozen=True)
class Fault:
    level: Literal["error", "warning"]
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.level}: {self.where}: {self.what}"


def lint(pack: Pack, today: date) -> list[Fault]:
    """All faults of a pack, errors first.

    Args:
        today: offers that end before it are over.
    """
    goldens = load_goldens(pack.folder / "golden")
    found = [
        *(fault for flow in pack.flows for fault in _steps(flow)),
        *_slots(pack),
        *_promotions(pack, today),
        *(Fault("error", "promotions.yaml", text) for text in contradictions(pack.promotions)),
        *_unreached(pack, goldens),
        *_wordings(pack),
    ]
    return sorted(found, key=lambda fault: fault.level)


def _steps(flow: Flow) -> Iterator[Fault]:
    """Steps that no other step leads to."""
    where = {step.id: at for at, step in enumerate(flow.steps)}
    reached, waiting = set[int](), [0]
    while waiting:
        at = waiting.pop()
        if at in reached or at >= len(flow.steps):
            continue
        reached.add(at)
        step = flow.steps[at]
        named = [step.goto, step.refused, *step.on_error.values(), *(branch.goto for branch in step.branch)]
        waiting += [where[name] for name in named if name in where]
        if step.goto is None and step.end is None:
            waiting.append(at + 1)
    for at, step in enumerate(flow.steps):
        if at not in reached:
            yield Fault("error", f"flows/{flow.name}.yaml", f"step {step.id}: no step leads to it: link or remove it")


def _slots(pack: Pack) -> Iterator[Fault]:
    """Slots that nothing fills, and slots that no flow asks for."""
    for name, slot in pack.slots.items():
        if not _can_be_filled(slot):
            yield Fault("error", "slots.yaml", f"{name}: nothing fills it: give choices, a pattern, pii or free_text")
        if not any(name in flow.slots for flow in pack.flows):
            yield Fault("warning", "slots.yaml", f"{name}: no flow collects it")


def _can_be_filled(slot: Slot) -> bool:
    return bool(slot.day or slot.pii or slot.pattern or slot.number or slot.free_text or any(slot.choices.values()))


def _days(offer: Promotion) -> int:
    return (date.fromisoformat(offer.ends) - date.fromisoformat(offer.starts)).days


def _promotions(pack: Pack, today: date) -> Iterator[Fault]:
    named = {offer for query in pack.queries.values() for offer in query.promotions}
    for offer in pack.promotions:
        if date.fromisoformat(offer.ends) < today:
            yield Fault("warning", "promotions.yaml", f"{offer.id}: it is over since {offer.ends}")
        elif offer.rule and offer.id not in named and pack.queries and _days(offer) <= CAMPAIGN_DAYS:
            # Customers who ask for it by its name may hear that nothing was announced.
            yield Fault("warning", "promotions.yaml", f"{offer.id}: no query's `promotions` tells of it by its name")


def _unreached(pack: Pack, goldens: Sequence[Golden]) -> Iterator[Fault]:
    """Flows, queries and FAQ answers that no golden asks for."""
    flows = {turn.expect.flow for golden in goldens for turn in golden.turns}
    says = [turn.say.casefold() for golden in goldens for turn in golden.turns]
    answers = [text for golden in goldens for turn in golden.turns for text in turn.expect.says]
    for flow in pack.flows:
        if flow.name not in flows:
            yield Fault("error", f"flows/{flow.name}.yaml", "no golden reaches it: write one")
    for name, query in pack.queries.items():
        words = [re2.compile(pattern, re2_options()) for pattern in query.words]
        if not any(word.search(say) for word in words for say in says) and not _asked(
            [text for some in query.examples.values() for text in some], says
        ):
            yield Fault("warning", "queries.yaml", f"{name}: no golden asks for it")
    for faq in pack.faq:
        asked = [faq.question.zh, faq.question.en, *(text for some in faq.variants.values() for text in some)]
        told = any(text in faq.answer.zh or text in faq.answer.en for text in answers if len(text) > 3)
        if not told and not _asked(asked, says):
            yield Fault("warning", "knowledge/faq.yaml", f"{faq.id}: no golden asks for it")


def _wordings(pack: Pack) -> Iterator[Fault]:
    """Labels that the pack does not know, messages that stand twice, and flows and queries that nobody words."""
    try:
        wordings = load_wordings(pack)
    except PackError as error:
        yield Fault("error", "wordings", str(error))
        return
    for (say, _), times in Counter((wording.say, wording.after) for wording in wordings).items():
        if times > 1:
            yield Fault("error", "wordings", f"{say!r} stands there {times} times: keep one, with all that it does")
    learnt = {act for wording in wordings if labelled_side(wording.say) == "learn" for act in wording.acts}
    for label in [*(f"flow:{flow.name}" for flow in pack.flows), *(f"query:{name}" for name in pack.queries)]:
        if wordings and label not in learnt:
            yield Fault("warning", "wordings", f"{label}: no wording to learn from")


def _asked(questions: Sequence[str], says: Sequence[str]) -> bool:
    bare = [question.casefold().strip(" ?？") for question in questions]
    return any(question in say for question in bare for say in says)
