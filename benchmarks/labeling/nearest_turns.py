"""What the reviewed turns that are most like a turn were labelled as: an opinion beside the labeler's.

    python -m benchmarks.labeling --set nearest

It left the product because it brought nothing (docs/measurements/autolabel.md). Likeness is the cosine of the labeler's
own features. A turn never hears of its own dialogue, so the opinion of a reviewed turn is out of fold. It is weighed
like the judge's (``data/labeling/opinions/combine.py``). Only turns below a confidence of the labeler are looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from safetensors.numpy import load_file

from data.labeling.labeler import OutOfFoldPrediction, arrays
from data.labeling.opinions.combine import fit_opinions
from data.labeling.rule_votes import run_with_rules
from kefu.intents.classifier import ClassifierConfig
from kefu.intents.context import Sample
from kefu.intents.features import Features
from kefu.io import read_json
from kefu.schema import Dialogue, TurnKey
from kefu.shop.taxonomy import Rule

BLOCK = 256  # turns whose likeness to all reviewed ones is in memory at once
SHARPNESS = 4  # a neighbour's vote is likeness to this power
DOUBT = 0.05  # votes for all intents as often as people named them, as a share of the neighbours' votes
NEIGHBOURS, MAX_CONFIDENCE = 15, 0.95


@dataclass(frozen=True)
class Neighbours:
    """The reviewed turns to look among.

    Args:
        rows: (reviewed, width) of length 1.
        target: (reviewed,) class numbers.
        dialogue_ids: (reviewed,) the dialogues that the turns are of.
        view: makes rows of turns.
        count: neighbours that vote.
        max_confidence: labeler confidence from which a turn is not looked up.
    """

    rows: sp.csr_matrix
    target: np.ndarray
    dialogue_ids: tuple[str, ...]
    classes: int
    view: View
    count: int
    max_confidence: float

    @classmethod
    def from_reviewed(
        cls,
        labeler: Path,
        rules: Sequence[Rule],
        judged: Sequence[OutOfFoldPrediction],
        dialogues: Mapping[str, Dialogue],
        count: int = NEIGHBOURS,
        max_confidence: float = MAX_CONFIDENCE,
    ) -> Neighbours:
        """Of the reviewed turns that the labeler in this folder learned from."""
        view = View.load(labeler, rules)
        classes = view.config.classes
        rows = view([j.key for j in judged], dialogues)
        target = np.array([classes.index(j.intent) for j in judged])
        return cls(rows, target, tuple(j.dialogue_id for j in judged), len(classes), view, count, max_confidence)

    def opinions(
        self, confidence: np.ndarray, turns: Sequence[TurnKey], dialogues: Mapping[str, Dialogue]
    ) -> dict[TurnKey, np.ndarray]:
        """Turn → (classes,) probabilities by the neighbours, for turns below ``max_confidence``.

        Args:
            confidence: (turns,) of the labeler.
            dialogues: by id, those of the turns.
        """
        asked = np.flatnonzero(np.round(confidence, 6) < self.max_confidence).tolist()
        blocks = [asked[start : start + BLOCK] for start in range(0, len(asked), BLOCK)]
        votes = [self._votes([turns[number] for number in block], dialogues) for block in blocks]
        return dict(zip([turns[number] for number in asked], np.vstack(votes), strict=True)) if asked else {}

    def _votes(self, turns: Sequence[TurnKey], dialogues: Mapping[str, Dialogue]) -> np.ndarray:
        alike = np.asarray((self.view(turns, dialogues) @ self.rows.T).toarray())
        for number, turn in enumerate(turns):
            alike[number, self._own.get(turn.dialogue_id, [])] = 0
        top = np.argpartition(-alike, min(self.count, alike.shape[1]) - 1, axis=1)[:, : self.count]
        weight = np.maximum(np.take_along_axis(alike, top, axis=1), 0) ** SHARPNESS
        votes = np.zeros((len(turns), self.classes))
        np.add.at(votes, (np.arange(len(turns))[:, None], self.target[top]), weight)
        votes += (DOUBT * weight.sum(axis=1, keepdims=True) + 1e-6) * self._usual
        return np.asarray(votes / votes.sum(axis=1, keepdims=True))

    @cached_property
    def _own(self) -> dict[str, list[int]]:
        own: dict[str, list[int]] = {}
        for number, dialogue in enumerate(self.dialogue_ids):
            own.setdefault(dialogue, []).append(number)
        return own

    @cached_property
    def _usual(self) -> np.ndarray:
        """(classes,) how often people named each intent; one that nobody named counts once."""
        counts = np.maximum(np.bincount(self.target, minlength=self.classes), 1)
        return np.asarray(counts / counts.sum())


@dataclass(frozen=True)
class View:
    """Turns → rows of the labeler's features, of length 1."""

    config: ClassifierConfig
    features: Features
    rules: tuple[Rule, ...]

    @classmethod
    def load(cls, labeler: Path, rules: Sequence[Rule]) -> View:
        config = ClassifierConfig.model_validate(read_json(labeler / "classifier.json"))
        tensors = load_file(labeler / "classifier.safetensors")
        return cls(config, Features.from_tensors(config.features, tensors), tuple(rules))

    def __call__(self, turns: Sequence[TurnKey], dialogues: Mapping[str, Dialogue]) -> sp.csr_matrix:
        views: dict[TurnKey, Sample] = {}
        for name in {name for name, _ in turns}:
            places, samples = run_with_rules(self.rules, dialogues[name].turns, self.config.context_turns)
            views |= {TurnKey(name, index): sample for index, sample in zip(places, samples, strict=True)}
        rows = self.features([views[turn] for turn in turns])
        length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        return sp.csr_matrix(sp.diags(1 / np.maximum(length, 1e-9)) @ rows, dtype=np.float32)


def measure(
    labeler: Path, rules: Sequence[Rule], judged: Sequence[OutOfFoldPrediction], dialogues: Mapping[str, Dialogue]
) -> tuple[float, float]:
    """Accuracy on the reviewed turns, out of fold: of the labeler alone, and with its neighbours.

    Args:
        labeler: folder of the labeler whose out-of-fold predictions ``judged`` are.
        dialogues: by id, those of the predictions.
    """
    confidence, correct = arrays(judged)
    among = Neighbours.from_reviewed(labeler, rules, judged, dialogues)
    nearest = among.opinions(confidence, [j.key for j in judged], dialogues)
    combined, _ = fit_opinions(judged, nearest, among.view.config.classes)
    return float(correct.mean()), float(arrays(combined)[1].mean())
