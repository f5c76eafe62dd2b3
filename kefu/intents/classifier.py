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
from typing import Any

import numpy as np
import scipy.sparse as sp
from pydantic import BaseModel, ConfigDict
from safetensors.numpy import load_file, save_file

from kefu.intents.calibration import calibrate_top, softmax
from kefu.intents.context import NEIGHBOUR_TURNS, Sample, neighbour_features, neighbour_indices, neighbour_width
from kefu.intents.features import FeatureConfig, Features
from kefu.io import atomic_path, read_json, write_json

NEIGHBOUR_WEIGHT = np.float32(0.6)  # of the neighbour features; the turn's own words have 1.0
FEW = 8  # samples: up to here a sparse matrix costs more than a product a row
REMEMBERED_SAMPLES, REMEMBERED_CHARS = 1024, 400  # of redacted texts; longer ones would take much memory
FEW_CHARS = 2000  # of all texts of some samples whose probabilities are remembered


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
        used: (n,) columns of these rows that have a weight; half of them have none.
        both: (n, 2 x classes) their weights in the first pass and in the second, representable in float16.
        neighbour_weights: (``neighbour_width``, classes) of the second pass.
        intercepts: (2, classes) float32, of the first pass and of the second.
    """

    def __init__(
        self,
        config: ClassifierConfig,
        features: Features,
        used: np.ndarray,
        both: np.ndarray,
        neighbour_weights: np.ndarray,
        intercepts: np.ndarray,
    ) -> None:
        self.config = config
        self.features = features
        self._used = used
        with_zeros = np.vstack([both, np.zeros_like(both[:1])])  # the last row is all other columns'
        self._both = with_zeros.astype(np.float16, copy=False)
        self._place = np.full(features.width, len(used), dtype=np.int32)
        self._place[used] = np.arange(len(used))
        self._neighbour_weights = neighbour_weights.astype(np.float32)
        self._intercepts = intercepts.astype(np.float32)
        # A turn without neighbours gets its own first probabilities and the marks of six that do not exist.
        classes, missing = len(config.classes), self._neighbour_weights[-2 * NEIGHBOUR_TURNS :].sum(axis=0)
        self._alone_weights = NEIGHBOUR_WEIGHT * self._neighbour_weights[:classes]
        self._alone_intercept = NEIGHBOUR_WEIGHT * missing + self._intercepts[1]
        self._names = sorted(config.features.fields)
        self._remember()

    @classmethod
    def of_passes(
        cls, config: ClassifierConfig, features: Features, first: np.ndarray, second: np.ndarray, intercepts: np.ndarray
    ) -> TextClassifier:
        """The classifier of trained weights: ``first`` (width, classes), ``second`` (width + neighbours, classes)."""
        both = np.hstack([first, second[: features.width]])
        used = np.flatnonzero(both.any(axis=1)).astype(np.int32)
        return cls(config, features, used, both[used], second[features.width :], intercepts)

    def __getstate__(self) -> dict[str, Any]:
        """All but what is remembered, which cannot be pickled."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_remembered")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._remember()

    def _remember(self) -> None:
        self._remembered_scores = lru_cache(maxsize=REMEMBERED_SAMPLES)(self._scored)
        self._remembered = lru_cache(maxsize=REMEMBERED_SAMPLES)(self._predicted_texts)

    def predict_dialogues(self, dialogues: Sequence[Sequence[Sample]]) -> np.ndarray:
        """Returns calibrated probabilities of all turns of all dialogues in order, (turns, classes).

        Args:
            dialogues: for each all customer turns, oldest first: they are neighbours.
        """
        texts = tuple(tuple(map(self._texts, dialogue)) for dialogue in dialogues[:FEW])
        if len(dialogues) > FEW or sum(len(text) for turns in texts for turn in turns for text in turn) > FEW_CHARS:
            return self._predicted(dialogues)
        return self._remembered(texts).copy()

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        """Returns the same for turns without neighbours."""
        return self.predict_dialogues([[sample] for sample in samples])

    def _texts(self, sample: Sample) -> tuple[str, ...]:
        return tuple(sample[name] for name in self._names)

    def _predicted_texts(self, dialogues: Sequence[Sequence[tuple[str, ...]]]) -> np.ndarray:
        return self._predicted([[dict(zip(self._names, turn, strict=True)) for turn in turns] for turns in dialogues])

    def _predicted(self, dialogues: Sequence[Sequence[Sample]]) -> np.ndarray:
        samples = [sample for dialogue in dialogues for sample in dialogue]
        if not samples:
            return np.zeros((0, len(self.config.classes)))
        if len(samples) <= FEW:
            scores = np.stack([self._scores(sample) for sample in samples])
        else:
            rows = self.features(samples)
            shape = len(samples), len(self._both)
            placed = sp.csr_matrix((rows.data, self._place[rows.indices], rows.indptr), shape)
            scores = np.asarray(placed @ self._both.astype(np.float32))
        classes = len(self.config.classes)
        first, second = scores[:, :classes], scores[:, classes:]
        probabilities = softmax(self.config.first_scale * (first + self._intercepts[0]))
        if len(samples) == 1:
            second = second + probabilities @ self._alone_weights + self._alone_intercept
        else:
            find_neighbours = _few_neighbours if len(samples) <= FEW else neighbour_indices
            neighbours = find_neighbours(tuple(len(dialogue) for dialogue in dialogues), self.config.ahead)
            beside = NEIGHBOUR_WEIGHT * neighbour_features(probabilities, neighbours)
            second = second + beside @ self._neighbour_weights + self._intercepts[1]
        return calibrate_top(softmax(self.config.scale * second), self.config.beta, probabilities)

    def _scores(self, sample: Sample) -> np.ndarray:
        """(2 x classes,) of one sample's own words; a conversation's turns come again with each message."""
        texts = self._texts(sample)
        scored = self._remembered_scores if sum(map(len, texts)) <= REMEMBERED_CHARS else self._scored
        return scored(texts)

    def _scored(self, texts: tuple[str, ...]) -> np.ndarray:
        columns, values = self.features.row(dict(zip(self._names, texts, strict=True)))
        return np.asarray(values @ self._both[self._place[columns]].astype(np.float32))

    def save(self, folder: Path) -> None:
        """Writes ``classifier.json`` and ``classifier.safetensors`` (only rows with a weight)."""
        tensors = self.features.tensors() | {
            "rows": self._used,
            "both": self._both[:-1],
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
        return cls(config, features, tensors["rows"], tensors["both"], tensors["told"], tensors["intercepts"])


def search_together(classifiers: Sequence[TextClassifier]) -> None:
    """Lets classifiers that see the same texts search each of them once, for the word groups of all."""
    patterns = tuple(dict.fromkeys(pattern for one in classifiers for pattern in one.features.patterns))
    for one in classifiers:
        one.features.searched_together = patterns


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
