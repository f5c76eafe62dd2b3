"""What the reviewed turns that are most like a turn were labelled as: one more opinion, off by default.

Likeness is the cosine of the labeler's own features (the turn, what stood around it, rules' votes), with its
weights of fields and n-grams. Embeddings of the retriever stage would be those of the last champion, since it is
trained after labelling, and were made for questions and answers of the knowledge base, not for intents.

A turn never hears of its own dialogue, reviewed or new. So for reviewed turns the opinion is out of fold, and what
it is worth there (``combine.py``) holds for new ones. Only turns below a confidence of the
labeler are looked up, reviewed and new ones by the same rule: a look at 10,000 reviewed turns costs more than the
labeler itself.

It is memory of what people said, so it needs nothing but reviewed turns, and is of most use where a linear model
cannot follow. Measured, that is hardly anywhere: see ``docs/autolabel.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from safetensors.numpy import load_file

from data.labeling.labeler import Judged
from data.labeling.params import Autolabel
from data.labeling.rule_votes import run_with_rules
from kefu.intents.classifier import ClassifierConfig
from kefu.intents.context import Sample
from kefu.intents.features import Features
from kefu.io import read_json
from kefu.schema import Dialogue
from kefu.shop.pack import Rule

BLOCK = 256  # turns whose likeness to all reviewed ones is in memory at once
SHARPNESS = 4  # a neighbour's vote is likeness to this power
DOUBT = 0.05  # votes for all intents as often as people named them, as a share of the neighbours' votes
Turn = tuple[str, int]


@dataclass(frozen=True)
class Neighbours:
    """The reviewed turns to look among; picklable.

    rows: (reviewed, width) of length 1. target: (reviewed,) class numbers. where: (reviewed,) their dialogues' ids.
    look: makes rows of turns. count: neighbours that vote. below: the labeler's confidence from which nobody asks.
    """

    rows: sp.csr_matrix
    target: np.ndarray
    where: tuple[str, ...]
    classes: int
    look: Look
    count: int
    below: float
    name: str = "nearest reviewed turns"
    more: str = "review more turns"

    @classmethod
    def of(
        cls,
        labeler: Path,
        rules: Sequence[Rule],
        judged: Sequence[Judged],
        dialogues: Mapping[str, Dialogue],
        params: Autolabel,
    ) -> Neighbours:
        """Of the reviewed turns that the labeler in this folder learned from."""
        look = Look.of(labeler, rules)
        classes = look.features_of.classes
        rows = look([(j.dialogue_id, j.turn) for j in judged], dialogues)
        target = np.array([classes.index(j.intent) for j in judged])
        where = tuple(j.dialogue_id for j in judged)
        return cls(rows, target, where, len(classes), look, params.neighbours, params.neighbours_below)

    def __call__(
        self, confidence: np.ndarray, turns: Sequence[Turn], dialogues: Mapping[str, Dialogue]
    ) -> tuple[list[int], np.ndarray]:
        """Numbers of the turns that are looked up, and the neighbours' probabilities, (looked up, classes)."""
        asked = np.flatnonzero(np.round(confidence, 6) < self.below).tolist()
        blocks = [asked[start : start + BLOCK] for start in range(0, len(asked), BLOCK)]
        said = [self._said([turns[number] for number in block], dialogues) for block in blocks]
        return asked, np.vstack([np.zeros((0, self.classes)), *said])

    def _said(self, turns: Sequence[Turn], dialogues: Mapping[str, Dialogue]) -> np.ndarray:
        alike = np.asarray((self.look(turns, dialogues) @ self.rows.T).toarray())
        for number, (dialogue, _) in enumerate(turns):
            alike[number, self._own.get(dialogue, [])] = 0
        top = np.argpartition(-alike, min(self.count, alike.shape[1]) - 1, axis=1)[:, : self.count]
        weight = np.maximum(np.take_along_axis(alike, top, axis=1), 0) ** SHARPNESS
        votes = np.zeros((len(turns), self.classes))
        np.add.at(votes, (np.arange(len(turns))[:, None], self.target[top]), weight)
        votes += (DOUBT * weight.sum(axis=1, keepdims=True) + 1e-6) * self._usual
        return np.asarray(votes / votes.sum(axis=1, keepdims=True))

    @cached_property
    def _own(self) -> dict[str, list[int]]:
        own: dict[str, list[int]] = {}
        for number, dialogue in enumerate(self.where):
            own.setdefault(dialogue, []).append(number)
        return own

    @cached_property
    def _usual(self) -> np.ndarray:
        """(classes,) how often people named each intent; one that nobody named counts once."""
        counts = np.maximum(np.bincount(self.target, minlength=self.classes), 1)
        return np.asarray(counts / counts.sum())


@dataclass(frozen=True)
class Look:
    """Turns → rows of the labeler's features, of length 1."""

    features_of: ClassifierConfig
    features: Features
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, labeler: Path, rules: Sequence[Rule]) -> Look:
        config = ClassifierConfig.model_validate(read_json(labeler / "classifier.json"))
        tensors = load_file(labeler / "classifier.safetensors")
        return cls(config, Features.from_tensors(config.features, tensors), tuple(rules))

    def __call__(self, turns: Sequence[Turn], dialogues: Mapping[str, Dialogue]) -> sp.csr_matrix:
        views: dict[Turn, Sample] = {}
        for name in {name for name, _ in turns}:
            places, samples = run_with_rules(self.rules, dialogues[name].turns, self.features_of.context_turns)
            views |= {(name, index): sample for index, sample in zip(places, samples, strict=True)}
        rows = self.features([views[turn] for turn in turns])
        length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        return sp.csr_matrix(sp.diags(1 / np.maximum(length, 1e-9)) @ rows, dtype=np.float32)
