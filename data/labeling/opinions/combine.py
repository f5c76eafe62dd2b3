"""The judge's opinions of some turns, weighed against the labeler's probabilities (``opinion_pool.py``).

New turns get a pool that is fitted on all reviewed turns with an opinion. Reviewed turns, on which thresholds are
certified, get one that is fitted on other folds of dialogues, so their confidences stay out of fold. A turn without
an opinion keeps the labeler's probabilities, bit for bit. With fewer than 100 reviewed turns to weigh it on, the
judge is ignored and a warning is logged.

The promise of ``guarantee/acceptance.py`` also needs that reviewed and new turns have opinions equally often;
``judge_sampling.py`` sees to that. ``docs/measurements/autolabel.md`` has the measurements.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.labeling.labeler import OutOfFoldPrediction, arrays
from data.labeling.opinions.opinion_pool import Pool, cross_fitted
from kefu.schema import Record, TurnKey
from kefu.split import fold_of

logger = logging.getLogger(__name__)
OPINIONS = "opinions.jsonl"
FEWEST = 100  # reviewed turns with an opinion, to weigh opinions at all
FOLDS, SEED = 5, 0


class Opinion(Record):
    """The judge's probability of every intent of the taxonomy."""

    dialogue_id: str
    turn: int
    probabilities: dict[str, float]

    @property
    def key(self) -> TurnKey:
        return TurnKey(self.dialogue_id, self.turn)


@dataclass(frozen=True)
class Combiner:
    """Replaces the labeler's probabilities of turns that there is an opinion of; picklable.

    Args:
        opinions: turn → (classes,) probabilities in the labeler's order of classes.
        pool: what labeler and opinions weigh.
    """

    opinions: Mapping[TurnKey, np.ndarray]
    pool: Pool

    def __call__(self, probabilities: np.ndarray, turns: Sequence[TurnKey]) -> np.ndarray:
        """(turns, classes) probabilities of the same shape."""
        rows = [row for row, turn in enumerate(turns) if turn in self.opinions]
        if not rows:
            return probabilities
        result = probabilities.copy()
        result[rows] = self.pool(probabilities[rows], np.array([self.opinions[turns[row]] for row in rows]))
        return result


def by_turn(opinions: Iterable[Opinion], classes: Sequence[str]) -> dict[TurnKey, np.ndarray]:
    """Turn → (classes,) probabilities in the order of ``classes``."""
    return {o.key: np.array([o.probabilities.get(name, 0.0) for name in classes]) for o in opinions}


def fit_opinions(
    judged: Sequence[OutOfFoldPrediction], opinions: Mapping[TurnKey, np.ndarray], classes: Sequence[str]
) -> tuple[list[OutOfFoldPrediction], Combiner | None]:
    """The out-of-fold predictions combined with the opinions, and what combines them on new turns.

    Args:
        opinions: turn → (classes,) probabilities, of reviewed and new turns.
        classes: in the labeler's order.

    Returns the predictions as they are and None when there are too few opinions of reviewed turns.
    """
    rows = [row for row, j in enumerate(judged) if j.key in opinions]
    fold = np.array([fold_of(judged[row].dialogue_id, FOLDS, SEED) for row in rows], dtype=int)
    if len(rows) < FEWEST or np.bincount(fold).max() > len(rows) - FEWEST // 2:
        if opinions:
            logger.warning(
                "the judge is ignored: it has an opinion of %d reviewed turns, %d of several dialogues are needed to "
                "weigh it: review more turns or raise judge.turns",
                len(rows),
                FEWEST,
            )
        return list(judged), None
    first = np.array([judged[row].probabilities for row in rows])
    second = np.array([opinions[judged[row].key] for row in rows])
    target = np.array([classes.index(judged[row].intent) for row in rows])
    pool = Pool.fit(first, second, target)
    logger.info("weights on %d reviewed turns: judge %.2f, labeler %.2f", len(rows), pool.second, pool.first)
    result = list(judged)
    for row, combined in zip(rows, cross_fitted(first, second, target, fold), strict=True):
        values = tuple(round(float(p), 6) for p in combined)
        best = int(combined.argmax())
        update = {"predicted": classes[best], "confidence": values[best], "probabilities": values}
        result[row] = judged[row].model_copy(update=update)
    return result, Combiner(opinions, pool)


def judge_worth(
    judged: Sequence[OutOfFoldPrediction], opinions: Sequence[Opinion], classes: Sequence[str]
) -> dict[str, float]:
    """Shares of the reviewed judged turns on which judge and labeler are right: is the judge worth asking?

    ``accuracy.both`` is of the cross-fitted combination, when there are enough turns for one.
    """
    best = {o.key: max(o.probabilities, key=lambda c: o.probabilities[c]) for o in opinions}
    combined, combiner = fit_opinions(judged, by_turn(opinions, classes), classes)
    rows = [row for row, j in enumerate(judged) if j.key in best]
    figures = {"opinions": float(len(opinions)), "reviewed": float(len(rows))}
    if not rows:
        return figures
    judge = np.array([best[judged[row].key] == judged[row].intent for row in rows])
    labeler = arrays(judged)[1][rows]
    figures |= {
        "accuracy.judge": float(judge.mean()),
        "accuracy.labeler": float(labeler.mean()),
        "right_where_labeler_wrong": float((judge & ~labeler).sum()),
    }
    if combiner is not None:
        figures["accuracy.both"] = float(arrays(combined)[1][rows].mean())
    return figures
