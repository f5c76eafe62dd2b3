"""What the judge thinks of some turns, weighed against the labeler's probabilities (``data/label/pool.py``).

New turns get the pool fitted on all reviewed turns that were judged. Reviewed turns, on which thresholds are
certified, get one fitted on other folds of dialogues, so their confidences are out of fold as the labeler's
are. The labeler's out-of-fold probabilities on those other folds come from models that saw this fold's
labels, as is usual in stacking; five numbers learn next to nothing from that.

That the promise of ``data/label/acceptance.py`` still holds needs one thing more: among reviewed turns as
many, and the same kind of turns, must have been judged as among new ones. ``data/label/band.py`` sees to it.

Fewer than 100 reviewed turns that were judged: the judge is not listened to, said aloud.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.label.labeler import Judged, arrays
from data.label.pool import Pool, cross_fitted
from kefu.schema import Record
from kefu.split import fold_of

LOG = logging.getLogger("kefu")
OPINIONS = "opinions.jsonl"
FEWEST = 100  # reviewed turns that were judged
FOLDS, SEED = 5, 0
Turn = tuple[str, int]


class Opinion(Record):
    """The judge's probability of every intent of the taxonomy."""

    dialogue_id: str
    turn: int
    probabilities: dict[str, float]


@dataclass(frozen=True)
class SecondOpinion:
    """Replaces the labeler's probabilities of turns that were judged; others stay as they are, bit for bit.

    said: of each judged turn the judge's probabilities in the labeler's order of classes.
    """

    pool: Pool
    said: Mapping[Turn, np.ndarray]

    def __call__(self, probabilities: np.ndarray, turns: Sequence[Turn]) -> np.ndarray:
        rows = [row for row, turn in enumerate(turns) if turn in self.said]
        if not rows:
            return probabilities
        result = probabilities.copy()
        result[rows] = self.pool(probabilities[rows], np.stack([self.said[turns[row]] for row in rows]))
        return result


def listen(
    judged: Sequence[Judged], opinions: Iterable[Opinion], classes: Sequence[str]
) -> tuple[list[Judged], SecondOpinion | None]:
    """The out-of-fold predictions with the judge heard, and what hears it on new turns; None without opinions.

    Args:
        classes: in the labeler's order.
    """
    said = {(o.dialogue_id, o.turn): np.array([o.probabilities.get(c, 0.0) for c in classes]) for o in opinions}
    both = [row for row, j in enumerate(judged) if (j.dialogue_id, j.turn) in said]
    fold = np.array([fold_of(judged[row].dialogue_id, FOLDS, SEED) for row in both], dtype=int)
    if not said:
        return list(judged), None
    if len(both) < FEWEST or np.bincount(fold).max() > len(both) - FEWEST // 2:
        LOG.warning(
            "the judge is not listened to: it judged %d reviewed turns, %d of several dialogues are needed to weigh "
            "it; review more turns or raise judge.turns",
            len(both),
            FEWEST,
        )
        return list(judged), None
    first = np.array([judged[row].probabilities for row in both])
    second = np.stack([said[judged[row].dialogue_id, judged[row].turn] for row in both])
    target = np.array([classes.index(judged[row].intent) for row in both])
    pool = Pool.fitted(first, second, target)
    LOG.info("the judge weighs %.2f, the labeler %.2f (%d reviewed turns)", pool.second, pool.first, len(both))
    result = list(judged)
    for row, combined in zip(both, cross_fitted(first, second, target, fold), strict=True):
        result[row] = _heard(judged[row], combined, classes)
    return result, SecondOpinion(pool, said)


def _heard(judged: Judged, combined: np.ndarray, classes: Sequence[str]) -> Judged:
    best = int(combined.argmax())
    values = tuple(round(float(p), 6) for p in combined)
    return judged.model_copy(update={"predicted": classes[best], "confidence": values[best], "probabilities": values})


def worth(judged: Sequence[Judged], opinions: Sequence[Opinion], classes: Sequence[str]) -> dict[str, float]:
    """Is the judge worth asking? Shares of the reviewed judged turns on which it and the labeler are right.

    ``accuracy.both`` is of the cross-fitted combination, when there are enough turns for one.
    """
    said = {(o.dialogue_id, o.turn): max(o.probabilities, key=lambda c: o.probabilities[c]) for o in opinions}
    heard, pool = listen(judged, opinions, classes)
    pairs = [(j, h) for j, h in zip(judged, heard, strict=True) if (j.dialogue_id, j.turn) in said]
    figures = {"opinions": float(len(opinions)), "reviewed": float(len(pairs))}
    if not pairs:
        return figures
    judge = np.array([said[j.dialogue_id, j.turn] == j.intent for j, _ in pairs])
    labeler = arrays([j for j, _ in pairs])[1]
    figures |= {
        "accuracy.judge": float(judge.mean()),
        "accuracy.labeler": float(labeler.mean()),
        "right_where_labeler_wrong": float((judge & ~labeler).sum()),
    }
    if pool is not None:
        figures["accuracy.both"] = float(arrays([h for _, h in pairs])[1].mean())
    return figures
