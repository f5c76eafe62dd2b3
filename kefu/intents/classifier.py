"""A small text classifier that looks twice, and whose confidence means what it says.

Linear models over the features of a turn's texts (``kefu.intents.features``), because they train in seconds on a
few thousand turns and answer in a millisecond or two on one core. The first look sees a turn alone; the
second sees it again, beside what the first made of its neighbours (``kefu.intents.context``; stacked
generalization: Wolpert 1992, doi 10.1016/S0893-6080(05)80023-1). One temperature and one beta map turn
the second look's scores into probabilities (``kefu.intents.calibration``).

This is inference only, in numpy and scipy; ``kefu/intents/train.py`` trains. On disk it is safetensors and
JSON: nothing is executed when it is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from pydantic import BaseModel, ConfigDict
from safetensors.numpy import load_file, save_file

from kefu.intents.calibration import corrected, softmax
from kefu.intents.context import Sample, links, told, told_width
from kefu.intents.features import FeatureConfig, Features
from kefu.io import atomic_path, read_json, write_json

TOLD_WEIGHT = np.float32(0.6)  # of what is told of the neighbours, beside 1.0 of the turn's own words


class ClassifierConfig(BaseModel):
    """What has to be known to use the weights.

    context_turns: how many turns before the one in question the samples were made from.
    ahead: whether neighbours that came later are looked at.
    first_scale: inverse temperature of the first look; scale: of the second.
    beta: see ``kefu.intents.calibration.corrected``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[str, ...]
    features: FeatureConfig
    context_turns: int
    ahead: bool
    first_scale: float = 1.0
    scale: float = 1.0
    beta: tuple[float, float, float, float] = (1.0, 1.0, 0.0, 0.0)


class TextClassifier:
    """Fields of text → probability of each class.

    Args:
        config: see ``ClassifierConfig``.
        features: what rows are made with.
        first: (width, classes) weights of the first look, float16 or what float16 can hold.
        second: (width + told, classes) of the second.
        intercepts: (2, classes) float32.
    """

    def __init__(
        self,
        config: ClassifierConfig,
        features: Features,
        first: np.ndarray,
        second: np.ndarray,
        intercepts: np.ndarray,
    ) -> None:
        self.config = config
        self._features = features
        self._both = np.hstack([first, second[: features.width]]).astype(np.float32)
        self._told = second[features.width :].astype(np.float32)
        self._intercepts = intercepts.astype(np.float32)

    def predict_runs(self, runs: Sequence[Sequence[Sample]]) -> np.ndarray:
        """Calibrated probabilities of all turns of all runs, one after the other, (turns, classes).

        Args:
            runs: the customer's turns of a dialogue, oldest first, all of them: they are neighbours.
        """
        samples = [sample for run in runs for sample in run]
        if not samples:
            return np.zeros((0, len(self.config.classes)))
        scores = np.asarray(self._features(samples) @ self._both)
        first, second = np.hsplit(scores, 2)
        opinions = softmax(self.config.first_scale * (first + self._intercepts[0]))
        neighbours = links([len(run) for run in runs], self.config.ahead)
        second = second + TOLD_WEIGHT * told(opinions, neighbours) @ self._told + self._intercepts[1]
        return corrected(softmax(self.config.scale * second), self.config.beta, opinions)

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        """``predict_runs`` for turns that stand alone."""
        return self.predict_runs([[sample] for sample in samples])

    def save(self, folder: Path) -> None:
        """Writes ``classifier.json`` and ``classifier.safetensors`` (only rows that are used)."""
        used = np.flatnonzero(self._both.any(axis=1)).astype(np.int32)
        tensors = self._features.tensors() | {
            "rows": used,
            "both": self._both[used].astype(np.float16),
            "told": self._told.astype(np.float16),
            "intercepts": self._intercepts,
        }
        with atomic_path(folder / "classifier.safetensors") as temporary:
            save_file(tensors, temporary)
        write_json(folder / "classifier.json", self.config.model_dump())

    @classmethod
    def load(cls, folder: Path) -> TextClassifier:
        """Reads what ``save`` wrote."""
        config = ClassifierConfig.model_validate(read_json(folder / "classifier.json"))
        tensors = load_file(folder / "classifier.safetensors")
        features = Features.from_tensors(config.features, tensors)
        both = np.zeros((features.width, 2 * len(config.classes)), dtype=np.float16)
        both[tensors["rows"]] = tensors["both"]
        first, second = np.hsplit(both, 2)
        return cls(config, features, first, np.vstack([second, tensors["told"]]), tensors["intercepts"])


def class_names(folder: Path) -> tuple[str, ...]:
    """The classes of a saved classifier in their order, without loading its weights."""
    return ClassifierConfig.model_validate(read_json(folder / "classifier.json")).classes


def second_rows(rows: sp.csr_matrix, opinions: np.ndarray, neighbours: np.ndarray) -> sp.csr_matrix:
    """What the second look is trained on, (turns, width + ``told_width``)."""
    beside = TOLD_WEIGHT * told(opinions, neighbours)
    assert beside.shape[1] == told_width(opinions.shape[1])
    return sp.hstack([rows, sp.csr_matrix(beside)], format="csr")
