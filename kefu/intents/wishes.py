"""The wish classifier: what a part of a message does, as labels of ``kefu/shop/wordings/labelled.py``.

It tells a wish for a flow or query from a question that the knowledge answers, from advice and sums, from courtesy,
and from an answer to the open question. Which entry answers a question is the knowledge's matter: ``ask`` is one class.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kefu.intents.classifier import TextClassifier
from kefu.shop.wordings.labelled import TO_A_QUESTION, UNANSWERED

ASK, REPLY = "ask", "reply"
WISH_FIELDS = {"text": 1.0, "previous": 0.5}  # previous: what the assistant said last, if anything
# Of 56 labelled messages that name one act, with a flow first at 0.3 to 0.6 and another flow or query at this share of
# it, the first was right in 46 %, the second in 34 %.
RIVAL_SHARE = 0.35
LEAST_SHARE = 0.02  # of the classes of which one is known to be meant: below it, which of them is noise
WISHES = "wishes"  # folder beside the router's files


class Said(NamedTuple):
    """A redacted text, what the assistant said before it, and whether that asks for something."""

    text: str
    previous: str = ""
    asked: bool = True


class ScoredWish(NamedTuple):
    """A class and the calibrated probability that it is the right one. rival: the next class, where it comes near."""

    label: str
    probability: float
    rival: str = ""


def wish_class(label: str) -> str:
    """The class of a wording's label: all questions are one, and so is all that answers an open question."""
    kind = label.partition(":")[0]
    return REPLY if label in TO_A_QUESTION else ASK if kind in (ASK, UNANSWERED) else label


def wish_sample(text: str, previous: str = "") -> dict[str, str]:
    """The fields of ``WISH_FIELDS``, in half width."""
    return {"text": unicodedata.normalize("NFKC", text), "previous": unicodedata.normalize("NFKC", previous)}


class WishClassifier:
    """The trained classifier: ``WishClassifier.load(folder).predict(part)``."""

    def __init__(self, classifier: TextClassifier) -> None:
        self._classifier = classifier

    @classmethod
    def load(cls, folder: Path) -> WishClassifier:
        """Reads what ``training.intents.wishes.train_wishes`` wrote."""
        return cls(TextClassifier.load(folder))

    def predict(
        self,
        said: Said,
        rejected: Collection[str] = (),
        among: Collection[str] | None = None,
        least_share: float = LEAST_SHARE,
    ) -> ScoredWish:
        """The most probable class of a text, of those that are not rejected.

        Args:
            among: the classes of which one is meant; the probability is then that among them.
            least_share: of those classes together; with less, they are the less probable for it.
        """
        return self.predict_many([said], rejected, among, least_share)[0]

    def predict_many(
        self,
        parts: Sequence[Said],
        rejected: Collection[str] = (),
        among: Collection[str] | None = None,
        least_share: float = LEAST_SHARE,
    ) -> list[ScoredWish]:
        """Does the same as ``predict`` for many texts at once, which is faster."""
        rows = self._classifier.predict([wish_sample(part.text, part.previous) for part in parts])
        classes = self._classifier.config.classes
        if REPLY in classes:  # where nothing was asked, nothing is a reply, and its share is no other class's
            asked = np.array([part.asked and bool(part.previous) for part in parts])
            rows[~asked, classes.index(REPLY)] = 0
        rows[:, [classes.index(name) for name in rejected if name in classes]] = 0  # no other class's share
        if among is not None:
            rows[:, [n for n, name in enumerate(classes) if name not in among]] = 0
            rows /= np.maximum(rows.sum(axis=1, keepdims=True), least_share)
        return [_scored(classes, row) for row in rows]


def _scored(classes: Sequence[str], row: np.ndarray) -> ScoredWish:
    """The most probable class of (classes,) probabilities, and its rival."""
    second, first = np.argsort(row, kind="stable")[-2:]
    near = row[second] >= RIVAL_SHARE * row[first]
    return ScoredWish(classes[first], float(row[first]), classes[second] if near else "")
