"""Confidence thresholds above which machine labels are accepted without review, with a certified precision.

The guarantee: with probability ``level``, accepted labels are right with at least the ``target`` precision. Thresholds
are tested on out-of-fold predictions for reviewed turns; the bound allows for turns of a dialogue that are wrong
together (``confidence_bound.py``), and trying many thresholds is corrected for (``threshold.py``). One rule has one
threshold for all intents, another one for each intent with enough turns; the one that accepts more is used.

Only turns that chance chose are evidence (``at_random``): people are mostly asked what was unsure, which is harder
than the rest. When these are too few to certify anything (``enough``), all reviewed turns are used and a warning is
logged. Days are assumed to be alike; ``audit.py`` watches that. Derivations and limits: ``docs/reference/labels.md``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from data.labeling.guarantee.confidence_bound import by_dialogue, lower_bound_of_dialogues, number_names
from data.labeling.guarantee.threshold import certifiable, lowest_threshold
from kefu.schema import TurnKey

ENOUGH = 200  # turns for which an intent gets its own threshold
FOR_ALL = 0.8  # of the error budget, for the rule of one threshold
REST = "*"


class Acceptance(BaseModel):
    """Lowest accepted confidence by predicted intent; ``*`` is for every intent not named.

    An intent without a threshold (and no ``*``) is never accepted. ``precision`` and ``bound`` are the
    out-of-fold estimate and its lower confidence bound, ``coverage`` the accepted share; all of the ``evidence``
    turns that the rule was certified on. The bound is for these thresholds as if they had been given; what is
    certified, the choice included, is the target.
    """

    model_config = ConfigDict(frozen=True)

    thresholds: dict[str, float] = {}
    coverage: float = 0.0
    precision: float = 0.0
    bound: float = 0.0
    evidence: int = 0

    def accepts(self, intent: str, confidence: float) -> bool:
        threshold = self.thresholds.get(intent, self.thresholds.get(REST))
        return threshold is not None and confidence >= threshold


def at_random(turns: Sequence[TurnKey], pulled: Collection[TurnKey], drawn: Collection[TurnKey]) -> np.ndarray:
    """(n,) bool: which reviewed turns chance chose.

    Args:
        pulled: turns that people were asked in the review queue.
        drawn: those of them that were in the queue as audits, or would have been sure or not.
    """
    asked, random = frozenset(pulled), frozenset(drawn)
    return np.array([turn in random or turn not in asked for turn in turns], dtype=bool)


def enough(dialogues: Sequence[str], target: float, level: float) -> bool:
    """Whether a rule could be certified on turns of these dialogues (one id a turn) at all, were they all right."""
    return bool(dialogues) and certifiable(np.bincount(number_names(dialogues)), target, FOR_ALL * (1 - level))


def choose(
    intents: Sequence[str],
    confidence: np.ndarray,
    correct: np.ndarray,
    dialogues: Sequence[str],
    target: float,
    level: float,
) -> Acceptance:
    """The rule that accepts most while its guarantee holds.

    Args:
        intents: predicted intent of each of n reviewed turns, out of fold.
        confidence: (n,) of those predictions.
        correct: (n,) bool, whether people said the same.
        dialogues: (n,) ids of the dialogues that the turns are of.
        target: precision that accepted labels must have.
        level: probability with which they have it.
    """
    turns = _Turns(np.array(intents), confidence, correct, number_names(dialogues))
    named = [str(i) for i, n in zip(*np.unique(turns.predicted, return_counts=True), strict=True) if n >= ENOUGH]
    one = _rule([], turns, target, FOR_ALL * (1 - level))
    each = _rule(named, turns, target, (1 - FOR_ALL) * (1 - level))
    return max((_measured(rule, turns, level) for rule in (one, each)), key=lambda rule: rule.coverage)


class _Turns(NamedTuple):
    """Of n reviewed turns, (n,) each."""

    predicted: np.ndarray
    confidence: np.ndarray
    correct: np.ndarray
    dialogue: np.ndarray


def _rule(named: list[str], turns: _Turns, target: float, error: float) -> dict[str, float]:
    """A threshold for each named intent and one for the rest; groups without one are closed (above 1)."""
    groups = {name: turns.predicted == name for name in named} | {REST: ~np.isin(turns.predicted, named)}
    found = {
        name: lowest_threshold(
            turns.confidence[member], turns.correct[member], turns.dialogue[member], target, error / len(groups)
        )
        for name, member in groups.items()
    }
    return {name: 2.0 if threshold is None else threshold for name, threshold in found.items()}


def _measured(thresholds: dict[str, float], turns: _Turns, level: float) -> Acceptance:
    names, number = np.unique(turns.predicted, return_inverse=True)
    lowest = np.array([thresholds.get(str(name), thresholds[REST]) for name in names])
    taken = turns.confidence >= lowest[number]
    if not taken.any():
        return Acceptance(evidence=len(taken))
    correct = turns.correct[taken]
    return Acceptance(
        thresholds=thresholds,
        coverage=float(taken.mean()),
        precision=float(correct.mean()),
        bound=lower_bound_of_dialogues(*by_dialogue(correct, turns.dialogue[taken]), level),
        evidence=len(taken),
    )
