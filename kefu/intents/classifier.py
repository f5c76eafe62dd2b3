"""A small text classifier with two passes and calibrated confidence.

Both passes are linear models over the features of a turn's texts (``kefu.intents.features``): they train in
seconds on a few thousand turns and answer in a millisecond or two on one core. The first pass sees a turn
alone. The second sees it again, together with the first pass's probabilities of its neighbours
(``kefu.intents.context``; stacked generalization: Wolpert 1992, doi 10.1016/S0893-6080(05)80023-1).
One temperature and one beta map turn the second pass's scores into probabilities (``kefu.intents.calibration``).

Inference only, in numpy and scipy (a few rows in numpy alone); ``kefu/intents/train.py`` trains. On disk it is
safetensors and JSON: loading executes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from pydantic import BaseModel, ConfigDict
from safetensors.numpy import load_file, save_file

from kefu.intents.calibration import calibrate_top, softmax
from kefu.intents.context import Sample, neighbour_features, neighbour_indices, neighbour_width
from kefu.intents.features import FeatureConfig, Features
from kefu.io import atomic_path, read_json, write_json

NEIGHBOUR_WEIGHT = np.float32(0.6)  # of the neighbour features; the turn's own words have 1.0
FEW = 8  # samples: up to here a sparse matrix costs more than a product a row


class ClassifierConfig(BaseModel):
    """What is needed to use the weights.

    context_turns: how many turns before the one in question the samples were made from.
    ahead: whether later turns are neighbours too.
    first_scale: inverse temperature of the first pass; scale: of the second.
    beta: see ``kefu.intents.calibration.calibrate_top``.
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
        features: turns samples into rows.
        first: (width, classes) weights of the first pass, float16 or representable as such.
        second: (width + ``neighbour_width``, classes) of the second.
        intercepts: (2, classes) float32, of the first pass and of the second.
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
        self._neighbour_weights = second[features.width :].astype(np.float32)
        self._intercepts = intercepts.astype(np.float32)

    def predict_dialogues(self, dialogues: Sequence[Sequence[Sample]]) -> np.ndarray:
        """Returns calibrated probabilities of all turns of all dialogues in order, (turns, classes).

        Args:
            dialogues: for each all customer turns, oldest first: they are neighbours.
        """
        samples = [sample for dialogue in dialogues for sample in dialogue]
        if not samples:
            return np.zeros((0, len(self.config.classes)))
        if len(samples) <= FEW:
            rows = [self._features.row(sample) for sample in samples]
            scores = np.stack([values @ self._both[columns] for columns, values in rows])
        else:
            scores = np.asarray(self._features(samples) @ self._both)
        first, second = np.hsplit(scores, 2)
        probabilities = softmax(self.config.first_scale * (first + self._intercepts[0]))
        find_neighbours = _few_neighbours if len(samples) <= FEW else neighbour_indices
        neighbours = find_neighbours(tuple(len(dialogue) for dialogue in dialogues), self.config.ahead)
        beside = NEIGHBOUR_WEIGHT * neighbour_features(probabilities, neighbours)
        second = second + beside @ self._neighbour_weights + self._intercepts[1]
        return calibrate_top(softmax(self.config.scale * second), self.config.beta, probabilities)

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        """Returns the same for turns without neighbours."""
        return self.predict_dialogues([[sample] for sample in samples])

    def save(self, folder: Path) -> None:
        """Writes ``classifier.json`` and ``classifier.safetensors`` (only rows with a weight)."""
        used = np.flatnonzero(self._both.any(axis=1)).astype(np.int32)
        tensors = self._features.tensors() | {
            "rows": used,
            "both": self._both[used].astype(np.float16),
            "told": self._neighbour_weights.astype(np.float16),
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


_few_neighbours = lru_cache(maxsize=256)(neighbour_indices)  # conversations are alike in their lengths


def class_names(folder: Path) -> tuple[str, ...]:
    """Returns the classes of a saved classifier in their order, without loading its weights."""
    return ClassifierConfig.model_validate(read_json(folder / "classifier.json")).classes


def second_pass_rows(rows: sp.csr_matrix, probabilities: np.ndarray, neighbours: np.ndarray) -> sp.csr_matrix:
    """Returns what the second pass is trained on, (turns, width + ``neighbour_width``) float32.

    Args:
        rows: (turns, width) float32.
        probabilities: (turns, classes) of the first pass.
        neighbours: (turns, 2 x NEIGHBOUR_TURNS) int from ``neighbour_indices``.
    """
    beside = NEIGHBOUR_WEIGHT * neighbour_features(probabilities, neighbours)
    assert beside.shape[1] == neighbour_width(probabilities.shape[1])
    return sp.hstack([rows, sp.csr_matrix(beside)], format="csr")
