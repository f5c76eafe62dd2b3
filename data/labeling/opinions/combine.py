"""What others think of some turns, weighed against the labeler's probabilities (``opinion_pool.py``).

Others are sources: the judge (``opinions.py``), the nearest reviewed turns (``nearest_turns.py``).
They are heard one after the other, each weighed against what was made of those before it. So each has weights
learned on the very turns that it speaks of, and a source that is silent about a turn changes nothing there.

New turns get the pool fitted on all reviewed turns of which the source has an opinion. Reviewed turns, on which
thresholds are certified, get one fitted on other folds of dialogues, so their confidences are out of fold as the
labeler's are. The labeler's out-of-fold probabilities on those other folds come from models that saw this fold's
labels, as is usual in stacking; five numbers learn next to nothing from that.

That the promise of ``guarantee/acceptance.py`` still holds needs one thing more: among reviewed turns a source
must have spoken of as many, and the same kind of turns, as among new ones. Each source sees to that itself.

Fewer than 100 reviewed turns of which it has an opinion: a source is not listened to, said aloud.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from data.labeling.labeler import Judged
from data.labeling.opinions.opinion_pool import Pool, cross_fitted
from kefu.schema import Dialogue
from kefu.split import fold_of

LOG = logging.getLogger("kefu")
FEWEST = 100  # reviewed turns of which a source has an opinion
FOLDS, SEED = 5, 0
Turn = tuple[str, int]


class Source(Protocol):
    """Somebody with an opinion of some turns; picklable.

    name: for the log. more: what to do when it is known of too few reviewed turns.
    """

    @property
    def name(self) -> str: ...

    @property
    def more(self) -> str: ...

    def __call__(
        self, confidence: np.ndarray, turns: Sequence[Turn], dialogues: Mapping[str, Dialogue]
    ) -> tuple[list[int], np.ndarray]:
        """Numbers of the turns that it has an opinion of, and its probabilities, (those, classes).

        Args:
            confidence: (n,) of what is thought of these turns so far.
            dialogues: by id, those of the turns.
        """


@dataclass(frozen=True)
class Heard:
    """A source and what it weighs."""

    source: Source
    pool: Pool

    def __call__(
        self, probabilities: np.ndarray, turns: Sequence[Turn], dialogues: Mapping[str, Dialogue]
    ) -> np.ndarray:
        rows, said = self.source(probabilities.max(axis=1, initial=0), turns, dialogues)
        if not rows:
            return probabilities
        result = probabilities.copy()
        result[rows] = self.pool(probabilities[rows], said)
        return result


@dataclass(frozen=True)
class SecondOpinion:
    """Replaces probabilities of turns that sources speak of; others stay as they are, bit for bit."""

    heard: tuple[Heard, ...]

    def __call__(
        self, probabilities: np.ndarray, turns: Sequence[Turn], dialogues: Mapping[str, Dialogue]
    ) -> np.ndarray:
        for one in self.heard:
            probabilities = one(probabilities, turns, dialogues)
        return probabilities


def listen(
    judged: Sequence[Judged], sources: Sequence[Source], classes: Sequence[str], dialogues: Mapping[str, Dialogue]
) -> tuple[list[Judged], SecondOpinion | None]:
    """The out-of-fold predictions with the sources heard, and what hears them on new turns; None when none is.

    Args:
        sources: in the order in which they are heard.
        classes: in the labeler's order.
        dialogues: by id, those of the predictions.
    """
    result, heard = list(judged), list[Heard]()
    turns = [(j.dialogue_id, j.turn) for j in judged]
    for source in sources:
        rows, said = source(np.array([j.confidence for j in result]), turns, dialogues)
        fold = np.array([fold_of(turns[row][0], FOLDS, SEED) for row in rows], dtype=int)
        if len(rows) < FEWEST or np.bincount(fold).max() > len(rows) - FEWEST // 2:
            _ignored(source, len(rows))
            continue
        first = np.array([result[row].probabilities for row in rows])
        target = np.array([classes.index(judged[row].intent) for row in rows])
        pool = Pool.fitted(first, said, target)
        told = source.name, pool.second, pool.first, len(rows)
        LOG.info("the %s: weight %.2f, what was thought before: %.2f (%d reviewed turns)", *told)
        for row, combined in zip(rows, cross_fitted(first, said, target, fold), strict=True):
            result[row] = _combined(result[row], combined, classes)
        heard.append(Heard(source, pool))
    return result, SecondOpinion(tuple(heard)) if heard else None


def _ignored(source: Source, count: int) -> None:
    LOG.warning(
        "the %s: not listened to: there is an opinion of %d reviewed turns, %d of several dialogues are needed to "
        "weigh it; %s",
        source.name,
        count,
        FEWEST,
        source.more,
    )


def _combined(judged: Judged, combined: np.ndarray, classes: Sequence[str]) -> Judged:
    best = int(combined.argmax())
    values = tuple(round(float(p), 6) for p in combined)
    return judged.model_copy(update={"predicted": classes[best], "confidence": values[best], "probabilities": values})
