"""Tells what a customer wants: intents of one turn, given what came before it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kefu.intents.classifier import TextClassifier
from kefu.intents.views import router_run
from kefu.schema import Turn


class Scored(NamedTuple):
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

    def predict(self, text: str, context: Sequence[Turn]) -> list[Scored]:
        """All intents, best first.

        Args:
            text: the customer's turn, redacted.
            context: the turns before it, oldest first; those beyond what the router was trained on are ignored.
        """
        return self.predict_many([(text, context)])[0]

    def predict_many(self, turns: Sequence[tuple[str, Sequence[Turn]]]) -> list[list[Scored]]:
        """``predict`` for many (text, context) at once, which is faster."""
        if not turns:
            return []
        seen = self._classifier.config.context_turns
        runs = [router_run(text, context[max(0, len(context) - seen) :]) for text, context in turns]
        last = np.cumsum([len(run) for run in runs]) - 1
        classes = self._classifier.config.classes
        return [
            sorted((Scored(c, float(p)) for c, p in zip(classes, row, strict=True)), key=lambda s: -s.confidence)
            for row in self._classifier.predict_runs(runs)[last]
        ]
