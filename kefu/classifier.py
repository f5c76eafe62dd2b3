"""A small text classifier whose confidence means what it says.

A linear model over tf-idf of hashed n-grams, one feature space a field (the turn, the answer before
it, …), and one temperature that turns its scores into probabilities (Guo et al. 2017,
arXiv:1706.04599). Linear because it trains in seconds on a few thousand turns, answers in well under
a millisecond on one core, and hashed n-grams read Chinese, English and typing errors alike.

This is inference only, in numpy and scipy; ``kefu/fitting.py`` trains. On disk it is safetensors and
JSON: nothing is executed when it is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from pydantic import BaseModel, ConfigDict
from safetensors.numpy import load_file, save_file

from kefu.calibration import corrected, softmax
from kefu.io import atomic_path, read_json, write_json
from kefu.ngrams import count_ngrams, weigh


class ClassifierConfig(BaseModel):
    """What has to be known to use the weights.

    fields: name → weight of the texts that a sample consists of; feature spaces are in order of name.
    features: buckets of each field.
    context_turns: how many turns before the one in question the samples were made from.
    scale: inverse temperature.  beta: see ``kefu.calibration.corrected``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[str, ...]
    fields: dict[str, float]
    ngrams: tuple[int, int]
    features: int
    context_turns: int
    scale: float = 1.0
    beta: tuple[float, float, float] = (1.0, 1.0, 0.0)


def featurize(
    samples: Sequence[Mapping[str, str]], config: ClassifierConfig, idf: Mapping[str, np.ndarray]
) -> sp.csr_matrix:
    """(samples, fields x features): the fields' tf-idf vectors side by side."""
    return sp.hstack(
        [
            weigh(
                count_ngrams([sample[name] for sample in samples], config.ngrams, config.features, salt), idf[name], w
            )
            for salt, (name, w) in enumerate(sorted(config.fields.items()))
        ],
        format="csr",
    )


class TextClassifier:
    """Fields of text → probability of each class.

    Args:
        config: see ``ClassifierConfig``.
        idf: field → (features,) float16.
        weights: (fields x features, classes) float16.
        intercept: (classes,) float32.
    """

    def __init__(
        self, config: ClassifierConfig, idf: Mapping[str, np.ndarray], weights: np.ndarray, intercept: np.ndarray
    ) -> None:
        self.config = config
        self._idf = {name: idf[name].astype(np.float32) for name in config.fields}
        self._weights = weights.astype(np.float32)
        self._intercept = intercept.astype(np.float32)

    def scores(self, samples: Sequence[Mapping[str, str]]) -> np.ndarray:
        """Uncalibrated scores, (samples, classes)."""
        return np.asarray(featurize(samples, self.config, self._idf) @ self._weights) + self._intercept

    def predict(self, samples: Sequence[Mapping[str, str]]) -> np.ndarray:
        """Calibrated probabilities, (samples, classes)."""
        return corrected(softmax(self.config.scale * self.scores(samples)), self.config.beta)

    def save(self, folder: Path) -> None:
        """Writes ``classifier.json`` and ``classifier.safetensors`` (only rows that are used)."""
        used = np.flatnonzero(self._weights.any(axis=1)).astype(np.int32)
        tensors: dict[str, np.ndarray] = {f"idf.{name}": idf.astype(np.float16) for name, idf in self._idf.items()}
        tensors |= {"rows": used, "weights": self._weights[used].astype(np.float16), "intercept": self._intercept}
        with atomic_path(folder / "classifier.safetensors") as temporary:
            save_file(tensors, temporary)
        write_json(folder / "classifier.json", self.config.model_dump())

    @classmethod
    def load(cls, folder: Path) -> TextClassifier:
        """Reads what ``save`` wrote."""
        config = ClassifierConfig.model_validate(read_json(folder / "classifier.json"))
        tensors = load_file(folder / "classifier.safetensors")
        weights = np.zeros((len(config.fields) * config.features, len(config.classes)), dtype=np.float16)
        weights[tensors["rows"]] = tensors["weights"]
        return cls(config, {n: tensors[f"idf.{n}"] for n in config.fields}, weights, tensors["intercept"])
