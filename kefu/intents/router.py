"""The router: intents of one customer turn with calibrated probabilities, given the turns before it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kefu.intents.classifier import TextClassifier
from kefu.intents.views import router_views
from kefu.schema import Turn


class ScoredIntent(NamedTuple):
    """An intent and the calibrated probability that it is the right one."""

    intent: str
    confidence: float


class Router:
    """The router model as serving and evaluation use it: ``Router.load(folder).predict(text, context)``."""

    def __init__(self, classifier: TextClassifier) -> None:
        self._classifier = classifier

    @classmethod
    def load(cls, folder: Path) -> Router:
        """Reads the folder that the router stage wrote."""
        return cls(TextClassifier.load(folder))

    def predict(self, text: str, context: Sequence[Turn]) -> list[ScoredIntent]:
        """Returns all intents, the most probable first.

        Args:
            text: the customer's turn, redacted.
            context: the turns before it, oldest first; more of them than the router was trained with are ignored.
        """
        return self.predict_many([(text, context)])[0]

    def predict_many(self, turns: Sequence[tuple[str, Sequence[Turn]]]) -> list[list[ScoredIntent]]:
        """Does the same as ``predict`` for many (text, context) at once, which is faster."""
        classes = self._classifier.config.classes
        return [
            sorted((ScoredIntent(c, float(p)) for c, p in zip(classes, row, strict=True)), key=lambda s: -s.confidence)
            for row in self._probabilities(turns)
        ]

    def top(self, text: str, context: Sequence[Turn]) -> ScoredIntent:
        """Returns the first that ``predict`` does, alone."""
        row = self._probabilities([(text, context)])[0]
        best = int(row.argmax())
        return ScoredIntent(self._classifier.config.classes[best], float(row[best]))

    def _probabilities(self, turns: Sequence[tuple[str, Sequence[Turn]]]) -> np.ndarray:
        """(turns, classes)"""
        context_turns = self._classifier.config.context_turns
        views = [router_views(text, context[max(0, len(context) - context_turns) :]) for text, context in turns]
        last = np.cumsum([len(some) for some in views], dtype=np.int64) - 1
        return self._classifier.predict_dialogues(views)[last]
