"""Trains the labeler: intent of a customer turn from the whole dialogue, answers included.

Besides the model it keeps what models said of reviewed turns that they had not seen: from these
predictions autolabel chooses its thresholds, so the choice can be repeated with another target
without training again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from data.label.rules import FIELD, WEIGHT, view_with_rules
from data.label.turns import LabelledTurn
from kefu.calibration import accuracy_at_coverage, expected_calibration_error, reliability
from kefu.fitting import fit
from kefu.io import write_jsonl
from kefu.pack import Rule
from kefu.params import Labeler
from kefu.schema import Record
from kefu.views import LABELER_FIELDS

OUT_OF_FOLD = "out_of_fold.jsonl"


class Judged(Record):
    """A prediction for a reviewed turn, by a model that had not seen its dialogue."""

    dialogue_id: str
    turn: int
    intent: str
    predicted: str
    confidence: float


def train_labeler(turns: Sequence[LabelledTurn], rules: Sequence[Rule], params: Labeler, folder: Path) -> list[Judged]:
    """Writes the model and ``out_of_fold.jsonl`` into ``folder``; returns the out-of-fold predictions."""
    samples = [view_with_rules(rules, t.dialogue.turns, t.index, params.context_turns) for t in turns]
    fitted = fit(
        samples,
        [t.label.value for t in turns],
        [t.dialogue.id for t in turns],
        fields=LABELER_FIELDS | {FIELD: WEIGHT},
        **params.model_dump(),
    )
    best = fitted.probabilities.argmax(axis=1)
    judged = [
        Judged(
            dialogue_id=t.dialogue.id,
            turn=t.index,
            intent=t.label.value,
            predicted=fitted.classifier.config.classes[k],
            confidence=round(float(row[k]), 6),
        )
        for t, k, row in zip(turns, best, fitted.probabilities, strict=True)
    ]
    fitted.classifier.save(folder)
    write_jsonl(folder / OUT_OF_FOLD, judged)
    return judged


def quality(judged: Sequence[Judged]) -> dict[str, float]:
    """Accuracy and calibration of out-of-fold predictions."""
    confidence, correct = arrays(judged)
    return {
        "accuracy": float(correct.mean()),
        "accuracy_at_80": accuracy_at_coverage(confidence, correct, 0.8),
        "ece": expected_calibration_error(confidence, correct),
    }


def arrays(judged: Sequence[Judged]) -> tuple[np.ndarray, np.ndarray]:
    """Confidence (n,) and whether it was right (n,)."""
    return np.array([j.confidence for j in judged]), np.array([j.predicted == j.intent for j in judged])


def reliability_rows(judged: Sequence[Judged]) -> list[Mapping[str, float]]:
    """Rows of the reliability plot."""
    return list(reliability(*arrays(judged)))
