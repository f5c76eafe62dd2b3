"""Which intent a question is about: a linear model on its character n-grams, one of the search's signals.

Entries name their intent and packs hold many utterances of each, so a question that shares no word with its answer
is still led to the handful of entries of its topic. It is not the router: that one sees the conversation, is trained
on labelled turns, and decides routes. Trained by ``training/topics.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict
from safetensors.numpy import load_file, save_file

from kefu.io import atomic_path, read_json, write_json
from kefu.knowledge.projection import project_row
from kefu.text.ngrams import NgramCounts


class TopicsConfig(BaseModel):
    """``ngrams`` and ``features``: the encoder's. ``classes``: the intents, none when there is only one to tell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ngrams: tuple[int, int]
    features: int
    classes: tuple[str, ...]


class Topics:
    """A text → log-probabilities of intents.

    Args:
        config: see ``TopicsConfig``.
        idf: (features,).
        weights: (features, classes).
        bias: (classes,).
    """

    def __init__(self, config: TopicsConfig, idf: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> None:
        self.config = config
        self._idf, self._weights = idf.astype(np.float32), weights.astype(np.float32)
        self._bias = bias.astype(np.float32)
        self.column = {name: number for number, name in enumerate(config.classes)}

    def log_probabilities(self, counts: NgramCounts) -> np.ndarray:
        """(classes,) of one text's counts."""
        scores = project_row(counts, self._idf, self._weights) + self._bias
        shifted = scores - scores.max()
        return np.asarray(shifted - np.log(np.exp(shifted).sum()))

    def save(self, folder: Path) -> None:
        """Writes ``topics.json`` and ``topics.safetensors``."""
        used = np.flatnonzero(self._idf).astype(np.int32)
        tensors: dict[str, np.ndarray] = {
            "rows": used,
            "idf": self._idf[used].astype(np.float16),
            "weights": self._weights[used].astype(np.float16),
            "bias": self._bias,
        }
        with atomic_path(folder / "topics.safetensors") as temporary:
            save_file(tensors, temporary)
        write_json(folder / "topics.json", self.config.model_dump())

    @classmethod
    def load(cls, folder: Path) -> Topics:
        """Reads what ``save`` wrote."""
        config = TopicsConfig.model_validate(read_json(folder / "topics.json"))
        tensors = load_file(folder / "topics.safetensors")
        idf = np.zeros(config.features, dtype=np.float16)
        weights = np.zeros((config.features, len(config.classes)), dtype=np.float16)
        idf[tensors["rows"]], weights[tensors["rows"]] = tensors["idf"], tensors["weights"]
        return cls(config, idf, weights, tensors["bias"])
