"""What a method said of the turns kept out, and how good that was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.labeling.task import Task
from kefu.metrics.calibration import expected_calibration_error
from kefu.metrics.classification import accuracy_at_coverage, macro_f1


@dataclass(frozen=True)
class JudgePredictions:
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


def figures(task: Task, said: JudgePredictions) -> Figures:
    truth = [turn.label.value for turn in task.test]
    correct = np.array(truth) == np.array(said.predicted)
    return Figures(
        float(correct.mean()),
        macro_f1(truth, said.predicted),
        expected_calibration_error(said.confidence, correct),
        accuracy_at_coverage(said.confidence, correct, 0.8),
        said.train_s,
        said.ms,
    )
