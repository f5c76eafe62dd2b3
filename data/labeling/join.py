"""Joins labels with the dialogues they speak of, and names those that speak of nothing."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kefu.schema import Dialogue, Label, Turn

LOG = logging.getLogger("kefu")
SHOWN = 5  # examples of a problem in the log


@dataclass(frozen=True)
class LabelledTurn:
    """A customer turn with its intent."""

    dialogue: Dialogue
    index: int
    label: Label

    @property
    def turn(self) -> Turn:
        return self.dialogue.turns[self.index]


@dataclass
class Joined:
    """Labelled turns in a fixed order, and the labels that could not be used: reason → where."""

    turns: list[LabelledTurn] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def warn(self, what: str) -> None:
        """Logs each kind of problem with how many and some examples."""
        for reason, places in sorted(self.problems.items()):
            LOG.warning("%s: %d labels left out: %s: %s …", what, len(places), reason, ", ".join(places[:SHOWN]))

    def counts(self) -> dict[str, float]:
        """How many labels were used and left out, for metrics."""
        return {"labels": len(self.turns), "left_out": sum(len(places) for places in self.problems.values())}

    def by_intent(self) -> Counter[str]:
        return Counter(turn.label.value for turn in self.turns)


def join_intents(labels: Iterable[Label], dialogues: Mapping[str, Dialogue], intents: Iterable[str]) -> Joined:
    """The intent labels that name a customer turn of a known dialogue and an intent of the taxonomy.

    Args:
        labels: at most one intent a turn; other facts are passed over.
        dialogues: by id.
        intents: names of the taxonomy.
    """
    known, joined = frozenset(intents), Joined()
    for label in labels:
        if label.what != "intent":
            continue
        problem = _problem(label, dialogues, known)
        if problem or label.turn is None:
            joined.problems.setdefault(problem, []).append(f"{label.dialogue_id} turn {label.turn}")
        else:
            joined.turns.append(LabelledTurn(dialogues[label.dialogue_id], label.turn, label))
    joined.turns.sort(key=lambda t: (t.dialogue.id, t.index))
    return joined


def _problem(label: Label, dialogues: Mapping[str, Dialogue], intents: frozenset[str]) -> str:
    """Why a label cannot be used; empty when it can."""
    dialogue = dialogues.get(label.dialogue_id)
    if dialogue is None:
        return "no such dialogue (a duplicate, quarantined, or not ingested)"
    if label.turn is None or not 0 <= label.turn < len(dialogue.turns):
        return "no such turn"
    if dialogue.turns[label.turn].role != "customer":
        return "not a customer's turn"
    return "" if label.value in intents else f"intent {label.value!r} is not in the taxonomy"
