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
    """``ngrams`` and ``features``: the encoder's. ``classes``: none when there is only one to tell.

    ``in_chat``: whether it has learned from what the assistant said before, too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ngrams: tuple[int, int]
    features: int
    classes: tuple[str, ...]
    in_chat: bool = False


class Topics:
    """A text → log-probabilities of classes.

    Args:
        config: see ``TopicsConfig``.
        weights: to a column for each class.
        before: the same, of what the assistant said before; None where it learned from single questions alone.
    """

    def __init__(self, config: TopicsConfig, weights: Projection, before: Projection | None = None) -> None:
        self.config, self._weights, self._before = config, weights, before
        self.column = {name: number for number, name in enumerate(config.classes)}

    def log_probabilities(self, counts: NgramCounts, before: NgramCounts | None = None) -> np.ndarray:
        """(classes,) of one text's counts, and of those of what the assistant said before it."""
        scores = SHARPNESS * self._weights.row(counts)
        if before is not None and self._before is not None:
            scores = scores + SHARPNESS * self._before.row(before)
        shifted = scores - scores.max()
        return np.asarray(shifted - np.log(np.exp(shifted).sum()))

    def save(self, folder: Path, name: str) -> None:
        """Writes ``<name>.json``, ``<name>.safetensors``; ``<name>_before.safetensors`` where it learned in chats."""
        self._weights.save(folder / f"{name}.safetensors", "weights")
        if self._before is not None:
            self._before.save(folder / f"{name}_before.safetensors", "weights")
        write_json(folder / f"{name}.json", self.config.model_dump())

    @classmethod
    def load(cls, folder: Path, name: str) -> Topics:
        """Reads what ``save`` wrote."""
        config = TopicsConfig.model_validate(read_json(folder / f"{name}.json"))
        weights, before = (folder / f"{name}{part}.safetensors" for part in ("", "_before"))
        return cls(
            config,
            Projection.load(weights, "weights", config.features),
            Projection.load(before, "weights", config.features) if config.in_chat else None,
        )
