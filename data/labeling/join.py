"""Joins labels with the dialogue turns that they are of, reports those that match none, and splits held-out customers.

The router is measured on reviewed turns of held-out customers. The labeler's labels teach the router, so the labeler
does not learn from these turns either (``docs/reference/labels.md``).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kefu.schema import Dialogue, Label, Turn, TurnKey
from kefu.split import split_of

logger = logging.getLogger(__name__)
SHOWN = 5  # examples of a problem in the log


@dataclass(frozen=True)
class LabelledTurn:
    """A customer turn with its intent."""

    dialogue: Dialogue
    index: int
    label: Label

    @property
    def key(self) -> TurnKey:
        return TurnKey(self.dialogue.id, self.index)

    @property
    def turn(self) -> Turn:
        return self.dialogue.turns[self.index]


@dataclass
class JoinedLabels:
    """Labelled turns in a fixed order, and the labels that could not be used: reason → where."""

    turns: list[LabelledTurn] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def warn(self, what: str) -> None:
        """Logs each kind of problem with how many and some examples."""
        for reason, places in sorted(self.problems.items()):
            logger.warning("%s: %d labels left out: %s: %s …", what, len(places), reason, ", ".join(places[:SHOWN]))

    def counts(self) -> dict[str, float]:
        """How many labels were used and left out, for metrics."""
        return {"labels": len(self.turns), "left_out": sum(len(places) for places in self.problems.values())}

    def by_intent(self) -> Counter[str]:
        return Counter(turn.label.value for turn in self.turns)


def join_intents(labels: Iterable[Label], dialogues: Mapping[str, Dialogue], intents: Iterable[str]) -> JoinedLabels:
    """The intent labels that name a customer turn of a known dialogue and an intent of the taxonomy.

    Args:
        labels: at most one intent a turn; other facts are passed over.
        dialogues: by id.
        intents: names of the taxonomy.
    """
    known, joined = frozenset(intents), JoinedLabels()
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


def split_held_out(
    turns: Sequence[LabelledTurn], eval_share: float, seed: int
) -> tuple[list[LabelledTurn], list[LabelledTurn]]:
    """The turns to learn from, and those of held-out customers; no dialogue is in both.

    A dialogue that alone shows an intent is learned from all the same: a labeler that does not know an intent is the
    greater harm.

    Args:
        eval_share, seed: of `build`, which decide who is held out.
    """
    sides = [split_of(turn.dialogue.customer, eval_share, seed) for turn in turns]
    known = {turn.label.value for turn, side in zip(turns, sides, strict=True) if side == "train"}
    needed = {turn.dialogue.id for turn in turns if turn.label.value not in known}
    held = [side == "eval" and turn.dialogue.id not in needed for turn, side in zip(turns, sides, strict=True)]
    learned = [turn for turn, out in zip(turns, held, strict=True) if not out]
    return learned, [turn for turn, out in zip(turns, held, strict=True) if out]


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
