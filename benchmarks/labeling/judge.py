"""What a method said of the turns kept out, and how good that was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import f1_score

from benchmarks.labeling.task import Task
from kefu.intents.calibration import accuracy_at_coverage, expected_calibration_error


@dataclass(frozen=True)
class Said:
    """predicted, confidence: of ``task.test`` in its order. train_s: seconds. ms: a turn, all turns at once."""

    predicted: list[str]
    confidence: np.ndarray
    train_s: float
    ms: float


@dataclass(frozen=True)
class Figures:
    accuracy: float
    macro_f1: float
    ece: float
    accuracy_at_80: float
    train_s: float
    ms: float


def figures(task: Task, said: Said) -> Figures:
    truth = [turn.label.value for turn in task.test]
    correct = np.array(truth) == np.array(said.predicted)
    return Figures(
        float(correct.mean()),
        float(f1_score(truth, said.predicted, average="macro", labels=sorted(set(truth)))),
        expected_calibration_error(said.confidence, correct),
        accuracy_at_coverage(said.confidence, correct, 0.8),
        said.train_s,
        said.ms,
    )
