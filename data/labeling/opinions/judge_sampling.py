"""Which turns the judge is asked about: some of those whose labeler confidence is between hopeless and sure.

Reviewed turns (by the out-of-fold confidence) and new ones are one lot, and chance chooses from it: the
turns with the smallest keyed hash, as many as the budget allows. So a reviewed turn in the band is judged
exactly as often as a new one, whatever it says, and what the acceptance rule is certified on is drawn like
what it will accept: confidences with and without a judge are mixed in the same proportion. Judging all
reviewed turns but few new ones, or the likeliest to gain, would break the promise. The hash has a key of
its own: with the audit's, the audited turns would be the judged ones, and no others.

The price: of a great store few reviewed turns are judged, and it takes 100 of them to weigh the judge.
Where that is out of reach, narrow the band or raise the budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from data.labeling.labeler import Judged, guesses
from data.labeling.params import Judge
from data.labeling.stream import labelled
from kefu.intents.classifier import TextClassifier
from kefu.schema import Dialogue
from kefu.shop.pack import load_rules
from kefu.split import fraction

Turn = tuple[str, int]


@dataclass(frozen=True)
class Band:
    """Finds new turns in the band; picklable. skip: turns that people have dealt with."""

    pack: Path
    labeler: Path
    params: Judge
    skip: frozenset[Turn] = frozenset()

    def __call__(self) -> InBand:
        return InBand(self)

    def holds(self, confidence: float) -> bool:
        return self.params.min_confidence <= confidence < self.params.max_confidence


class InBand:
    """New turns of a batch of dialogues that are in the band."""

    def __init__(self, band: Band) -> None:
        self._band = band
        self._classifier, self._rules = TextClassifier.load(band.labeler), load_rules(band.pack)

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[Turn]:
        found = guesses(self._classifier, self._rules, dialogues)
        turns = [(g.dialogue.id, g.index) for g in found if self._band.holds(round(g.confidence, 6))]
        return [turn for turn in turns if turn not in self._band.skip]


def candidates(store: Path, band: Band, reviewed: Iterable[Judged]) -> list[Turn]:
    """All turns in the band, reviewed ones first."""
    known = [(j.dialogue_id, j.turn) for j in reviewed if band.holds(j.confidence)]
    return [*known, *chain.from_iterable(labelled(store, band, 0))]


def draw(turns: Iterable[Turn], params: Judge) -> list[Turn]:
    """The turns that are judged, at most ``params.turns``."""
    return sorted(turns, key=lambda turn: fraction(f"judge:{turn[0]}#{turn[1]}", params.seed))[: params.turns]
