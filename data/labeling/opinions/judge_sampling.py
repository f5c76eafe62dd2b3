"""Which turns the judge is asked about: a random part of those whose labeler confidence is in a range.

Reviewed turns (by their out-of-fold confidence) and new ones are one lot. The turns with the smallest keyed hash are
drawn, as many as the budget allows, so a reviewed turn is judged exactly as often as a new one. The promise of
``guarantee/acceptance.py`` needs that; judging mostly reviewed turns would break it. The hash has a key of its own,
else the audited turns would be the judged ones.

With many new turns few reviewed ones are drawn, and weighing the judge takes 100 of them: narrow the range or raise
the budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from data.labeling.labeler import OutOfFoldPrediction, guesses
from data.labeling.params import Judge
from data.labeling.stream import label_dialogues
from kefu.intents.classifier import TextClassifier
from kefu.progress import progress
from kefu.schema import Dialogue, TurnKey
from kefu.shop.taxonomy import load_rules
from kefu.split import fraction
from kefu.store import count_dialogues


@dataclass(frozen=True)
class ConfidenceRange:
    """Labeler confidences for which the judge is asked; makes what finds new turns there. Picklable.

    Args:
        skip: turns that people have answered.
    """

    pack: Path
    labeler: Path
    params: Judge
    skip: frozenset[TurnKey] = frozenset()

    def __call__(self) -> JudgeCandidates:
        return JudgeCandidates(self)

    def holds(self, confidence: float) -> bool:
        return self.params.min_confidence <= confidence < self.params.max_confidence


class JudgeCandidates:
    """New turns of a batch of dialogues whose confidence is in the range."""

    def __init__(self, confidences: ConfidenceRange) -> None:
        self._range = confidences
        self._classifier, self._rules = TextClassifier.load(confidences.labeler), load_rules(confidences.pack)

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[TurnKey]:
        found = guesses(self._classifier, self._rules, dialogues)
        turns = [TurnKey(g.dialogue.id, g.index) for g in found if self._range.holds(round(g.confidence, 6))]
        return [turn for turn in turns if turn not in self._range.skip]


def find_candidates(
    store: Path, confidences: ConfidenceRange, reviewed: Iterable[OutOfFoldPrediction]
) -> list[TurnKey]:
    """All turns whose confidence is in the range, reviewed ones first."""
    known = [j.key for j in reviewed if confidences.holds(j.confidence)]
    with progress("looking for turns to ask about", count_dialogues(store)) as tick:
        return [*known, *chain.from_iterable(label_dialogues(store, confidences, 0, tick))]


def sample_turns(turns: Iterable[TurnKey], params: Judge) -> list[TurnKey]:
    """The turns that are judged, at most ``params.turns``."""
    return sorted(turns, key=lambda turn: fraction(f"judge:{turn.dialogue_id}#{turn.index}", params.seed))[
        : params.turns
    ]
