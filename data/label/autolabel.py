"""Labels the turns that nobody reviewed: accepts what is sure enough, queues the rest for people.

A random share of what was accepted is queued too (``why=audit``): without it nobody would notice a
machine that is wrong and sure. Whether a turn is audited depends on the turn alone (a keyed hash), so
another day's data does not change yesterday's sample.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from data.label.acceptance import Acceptance
from data.label.rules import view_with_rules
from data.label.slot_labels import SlotLabels
from kefu.classifier import TextClassifier
from kefu.pack import Rule
from kefu.params import Autolabel
from kefu.schema import Dialogue, Label, ReviewTask
from kefu.split import fraction

LOG = logging.getLogger("kefu")
SOURCE = "labeler"
BATCH = 4096  # turns classified at once


@dataclass(frozen=True)
class Proposal:
    """What the labeler says of a turn; ``margin``: lead of the best intent over the second best."""

    dialogue: Dialogue
    index: int
    intent: str
    confidence: float
    margin: float

    @property
    def text(self) -> str:
        return self.dialogue.turns[self.index].text

    def task(self, why: str) -> ReviewTask:
        return ReviewTask.model_validate(
            {
                "dialogue_id": self.dialogue.id,
                "turn": self.index,
                "proposal": self.intent,
                "confidence": self.confidence,
                "why": why,
            }
        )

    def label(self, version: str) -> Label:
        return Label(
            dialogue_id=self.dialogue.id,
            turn=self.index,
            what="intent",
            value=self.intent,
            source=SOURCE,
            confidence=self.confidence,
            version=version,
        )


@dataclass(frozen=True)
class Autolabelled:
    """Accepted labels (intents and slots), the queue, and the figures of the run."""

    accepted: list[Label]
    queue: list[ReviewTask]
    metrics: dict[str, float]


def propose(
    dialogues: Iterable[Dialogue], skip: frozenset[tuple[str, int]], classifier: TextClassifier, rules: Sequence[Rule]
) -> list[Proposal]:
    """A proposal for every customer turn that is not in ``skip`` (dialogue id, turn)."""
    places = [
        (dialogue, index)
        for dialogue in dialogues
        for index, turn in enumerate(dialogue.turns)
        if turn.role == "customer" and (dialogue.id, index) not in skip
    ]
    proposals: list[Proposal] = []
    for start in range(0, len(places), BATCH):
        proposals += _proposals(places[start : start + BATCH], classifier, rules)
    return proposals


def _proposals(
    places: Sequence[tuple[Dialogue, int]], classifier: TextClassifier, rules: Sequence[Rule]
) -> list[Proposal]:
    config = classifier.config
    predicted = classifier.predict([view_with_rules(rules, d.turns, i, config.context_turns) for d, i in places])
    second, best = np.sort(predicted, axis=1)[:, -2:].T
    return [
        Proposal(d, i, config.classes[k], round(float(b), 6), round(float(b - s), 6))
        for (d, i), k, b, s in zip(places, predicted.argmax(axis=1), best, second, strict=True)
    ]


def autolabel(
    proposals: Sequence[Proposal], rule: Acceptance, slots: SlotLabels, params: Autolabel, version: str
) -> Autolabelled:
    """Sorts proposals into accepted labels and tasks for people."""
    taken = [p for p in proposals if rule.accepts(p.intent, p.confidence)]
    unsure = [p for p in proposals if not rule.accepts(p.intent, p.confidence)]
    audit = [p for p in taken if fraction(f"{p.dialogue.id}#{p.index}", params.seed) < params.audit_share]
    if proposals and not taken:
        LOG.error(
            "NOTHING was accepted of %d turns: no confidence reaches a precision of %.3f with certainty %.2f on the "
            "reviewed turns. Review more turns, or lower autolabel.target_precision.",
            len(proposals),
            params.target_precision,
            params.confidence_level,
        )
    found = [label for p in taken for label in slots.of(p.dialogue, p.index, p.intent)]
    return Autolabelled(
        accepted=[p.label(version) for p in taken] + found,
        queue=[p.task("audit") for p in audit] + [p.task("unsure") for p in most_useful_first(unsure)],
        metrics={
            "turns": len(proposals),
            "accepted": len(taken),
            "coverage": len(taken) / max(1, len(proposals)),
            "unsure": len(unsure),
            "audited": len(audit),
            "slots": len(found),
            "estimated_precision": rule.precision,
            "precision_bound": rule.bound,
            "reviewed_coverage": rule.coverage,
        },
    )


def most_useful_first(proposals: Iterable[Proposal]) -> list[Proposal]:
    """By smallest margin (Scheffer et al. 2001); a text that was asked already waits for all new ones."""
    order = sorted(proposals, key=lambda p: (p.margin, p.dialogue.id, p.index))
    seen: dict[str, int] = {}
    rounds: list[tuple[int, Proposal]] = []
    for proposal in order:
        nth = seen.get(proposal.text, 0)
        seen[proposal.text] = nth + 1
        rounds.append((nth, proposal))
    return [proposal for _, proposal in sorted(rounds, key=lambda pair: pair[0])]


def decided(labels: Iterable[Label], undecided: Iterable[str]) -> frozenset[tuple[str, int]]:
    """Turns that people have dealt with: with an intent, or as nobody can tell (``<dialogue>#<turn>@<version>``)."""
    with_intent = {
        (label.dialogue_id, label.turn) for label in labels if label.what == "intent" and label.turn is not None
    }
    cannot_tell = {key.rpartition("@")[0].rpartition("#") for key in undecided}
    return frozenset(with_intent | {(dialogue, int(turn)) for dialogue, _, turn in cannot_tell})
