"""When the edge model's answer is given, and when the centre model is asked: the edge's own confidence, calibrated.

The confidence is the mean log-probability of the answer's tokens, its end included. A table, fitted on held-out answers
(``distill/cascade.py``), turns it into the probability that the centre's answer would be no better. It stands in a
release as ``cascade.json``; a release without one is served by the router's confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from kefu.io import read_json, write_json
from kefu.llm.engine import Engine
from kefu.schema import Message, Record

FILE = "cascade.json"


class Cascade(Record):
    """A non-decreasing function, linear between its points and constant beyond them."""

    log_probs: tuple[float, ...] = Field(min_length=1, description="nats a token, ascending")
    probabilities: tuple[float, ...] = Field(description="that the centre would be no better, at each of them")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.log_probs) != len(self.probabilities):
            raise ValueError(f"{len(self.log_probs)} log_probs and {len(self.probabilities)} probabilities")
        return self

    def probability(self, log_prob: float) -> float:
        """That the centre's answer would be no better than the edge's, which has this mean log-probability."""
        return float(np.interp(log_prob, self.log_probs, self.probabilities))

    @classmethod
    def load(cls, release: Path) -> Cascade | None:
        """That of a release folder; None when it has none."""
        path = release / FILE
        return cls.model_validate(read_json(path)) if path.is_file() else None

    def save(self, release: Path) -> None:
        """Writes it into a release folder, before that is sealed."""
        write_json(release / FILE, self.model_dump())


def mean_log_prob(engine: Engine, messages: Sequence[Message], answer: str) -> float:
    """How likely the engine finds its own answer, in nats a token: one more pass over the prompt.

    Raises:
        EngineError: the model failed.
    """
    loss, count = engine.loss([*messages, Message(role="assistant", content=answer)])
    return -loss / count
