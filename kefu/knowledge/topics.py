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

from kefu.io import read_json, write_json
from kefu.knowledge.projection import Projection
from kefu.text.ngrams import NgramCounts

SHARPNESS = 4.0  # margins are about 1 for the right class and -1 for others: as logits they are this


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
        weights: to a column for each class.
    """

    def __init__(self, config: TopicsConfig, weights: Projection) -> None:
        self.config, self._weights = config, weights
        self.column = {name: number for number, name in enumerate(config.classes)}

    def log_probabilities(self, counts: NgramCounts) -> np.ndarray:
        """(classes,) of one text's counts."""
        scores = SHARPNESS * self._weights.row(counts)
        shifted = scores - scores.max()
        return np.asarray(shifted - np.log(np.exp(shifted).sum()))

    def save(self, folder: Path, name: str) -> None:
        """Writes ``<name>.json`` and ``<name>.safetensors``."""
        self._weights.save(folder / f"{name}.safetensors", "weights")
        write_json(folder / f"{name}.json", self.config.model_dump())

    @classmethod
    def load(cls, folder: Path, name: str) -> Topics:
        """Reads what ``save`` wrote."""
        config = TopicsConfig.model_validate(read_json(folder / f"{name}.json"))
        return cls(config, Projection.load(folder / f"{name}.safetensors", "weights", config.features))
