"""How sure a search is: weights that rank entries, and the probability that the best one answers the question.

Both are logistic models fitted by the retriever stage (``training/confidence.py``) on questions kept out of the index
and on questions that nothing answers. They are plain numbers in ``confidence.json``: serving needs no scikit-learn.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from kefu.io import read_json, write_json

# Of one entry for one text; see kefu/knowledge/search.py.
SIGNALS = ("dense", "bm25", "question", "topic", "asked", "no_question")
# Of the best entry, against the second best.
FEATURES = (
    "log_share",
    "score_lead",
    "dense",
    "dense_lead",
    "bm25",
    "bm25_lead",
    "question",
    "question_lead",
    "coverage",
    "unknown",
    "topic",
    "asked",
    "asked_lead",
    "log_terms",
    "chinese",
    "agree",
)
NAME = "confidence.json"


class Confidence(BaseModel):
    """ranking: weight of each of SIGNALS; weights: of each of FEATURES; bias: of the probability's logit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ranking: dict[str, float]
    weights: dict[str, float]
    bias: float

    def scores(self, signals: np.ndarray) -> np.ndarray:
        """(n,) of signals (n, len(SIGNALS)): their softmax is the chance of each entry, if one of them answers."""
        return np.asarray(signals @ np.array([self.ranking[name] for name in SIGNALS]))

    def probability(self, features: np.ndarray) -> float:
        """That the best entry answers, of features (len(FEATURES),)."""
        logit = features @ np.array([self.weights[name] for name in FEATURES]) + self.bias
        return float(1 / (1 + np.exp(-np.clip(logit, -30, 30))))

    def save(self, folder: Path) -> None:
        """Writes ``confidence.json``."""
        write_json(folder / NAME, self.model_dump())

    @classmethod
    def load(cls, folder: Path) -> Confidence:
        """Reads what ``save`` wrote. Raises ValueError when it was fitted for other signals or features."""
        read = cls.model_validate(read_json(folder / NAME))
        if set(read.ranking) != set(SIGNALS) or set(read.weights) != set(FEATURES):
            raise ValueError(f"{folder / NAME}: made for other features: run the retriever stage again")
        return read


# Before anything was fitted: what the fit itself ranks its first candidates by, never a release's.
UNFITTED = Confidence(ranking=dict.fromkeys(SIGNALS, 1.0), weights=dict.fromkeys(FEATURES, 0.0), bias=0.0)
