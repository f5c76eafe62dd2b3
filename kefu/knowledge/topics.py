"""Which intent, or which entry, a question is about: linear models on its character n-grams, signals of the search.

Entries name their intent and packs hold many utterances of each, so a question that shares no word with its answer
is still led to the handful of entries of its topic. The model of entries learns from all wordings together which
n-grams tell one entry from the others. Neither is the router: that one sees the conversation, is trained on labelled
turns, and decides routes. Trained by ``training/retriever.py``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict
from safetensors.numpy import load_file, save_file

from kefu.io import atomic_path, read_json, write_json
from kefu.knowledge.projection import project_row
from kefu.text.ngrams import NgramCounts

SHARPNESS = 10.0  # least-squares scores are about 1 for the right class and 0 for others: as logits they are this


class TopicsConfig(BaseModel):
    """``ngrams`` and ``features``: the encoder's. ``classes``: none when there is only one to tell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ngrams: tuple[int, int]
    features: int
    classes: tuple[str, ...]


class Topics:
    """A text → log-probabilities of classes.

    Args:
        config: see ``TopicsConfig``.
        idf: (features,).
        weights: (features, classes), kept in half precision: of 1,000 wordings they take 30 MB.
    """

    def __init__(self, config: TopicsConfig, idf: np.ndarray, weights: np.ndarray) -> None:
        self.config = config
        self._idf, self._weights = idf.astype(np.float32), weights.astype(np.float16)
        self.column = {name: number for number, name in enumerate(config.classes)}

    def log_probabilities(self, counts: NgramCounts) -> np.ndarray:
        """(classes,) of one text's counts."""
        scores = SHARPNESS * project_row(counts, self._idf, self._weights)
        shifted = scores - scores.max()
        return np.asarray(shifted - np.log(np.exp(shifted).sum()))

    def save(self, folder: Path, name: str) -> None:
        """Writes ``<name>.json`` and ``<name>.safetensors``."""
        used = np.flatnonzero(self._idf).astype(np.int32)
        tensors: dict[str, np.ndarray] = {
            "rows": used,
            "idf": self._idf[used].astype(np.float16),
            "weights": self._weights[used],
        }
        with atomic_path(folder / f"{name}.safetensors") as temporary:
            save_file(tensors, temporary)
        write_json(folder / f"{name}.json", self.config.model_dump())

    @classmethod
    def load(cls, folder: Path, name: str) -> Topics:
        """Reads what ``save`` wrote."""
        config = TopicsConfig.model_validate(read_json(folder / f"{name}.json"))
        tensors = load_file(folder / f"{name}.safetensors")
        idf = np.zeros(config.features, dtype=np.float16)
        weights = np.zeros((config.features, len(config.classes)), dtype=np.float16)
        idf[tensors["rows"]], weights[tensors["rows"]] = tensors["idf"], tensors["weights"]
        return cls(config, idf, weights)
