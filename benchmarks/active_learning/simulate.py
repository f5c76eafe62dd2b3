"""One simulated reviewer: labels a hundred turns, the labeler is trained again, its doubts make the next hundred.

Training is the product's (``train_labeler``), on whole sessions' views; a fifth of the sessions is kept out
and judged after every round. Another seed keeps out another fifth and starts from other labels. The pack's words
and examples do not teach here: their author had read most of these sessions (``docs/measurements/labeling.md``).
"""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.active_learning.data import Set
from benchmarks.active_learning.strategies import STRATEGIES
from data.labeling.join import LabelledTurn
from data.labeling.labeler import Guess, guesses, train_labeler
from data.labeling.params import Labeler
from data.labeling.proposal import Proposal
from kefu.intents.classifier import TextClassifier
from kefu.schema import Label, TurnKey
from kefu.split import fold_of

FOLDS = 5


@dataclass(frozen=True)
class Curve:
    """After each round: how many labels, accuracy on kept-out turns, and the same weighted by traffic.

    dialogues: mean number of dialogues that a reviewer opened for a round.
    """

    labels: list[int]
    accuracy: list[float]
    weighted: list[float]
    dialogues: float


def kept_out(dialogue_id: str, seed: int) -> bool:
    """Whether a whole session (with what was made from it) is judged on and never labelled."""
    return fold_of(dialogue_id, FOLDS, 7 + seed // FOLDS) == seed % FOLDS


class Simulation:
    """One set under one seed, ready to be labelled in any order."""

    def __init__(self, data: Set, params: Labeler, seed: int) -> None:
        self._data, self._params, self._seed = data, params, seed
        turns = sorted(data.truth)
        self._test = [turn for turn in turns if kept_out(turn.dialogue_id.partition("+")[0], seed)]
        self._pool = sorted(set(turns) - set(self._test))

    def curve(self, strategy: str) -> Curve:
        """Labels from ``start`` to ``stop``, in the order of ``strategy``."""
        data, draw = self._data, random.Random(self._seed)
        labelled = draw.sample(self._pool, data.start)
        sizes, accuracy, weighted, dialogues = list[int](), list[float](), list[float](), list[int]()
        while True:
            model = self._train(labelled)
            right = np.array(
                [p.intent == data.truth[TurnKey(p.dialogue_id, p.index)] for p in self._proposals(model, self._test)]
            )
            weight = [data.traffic.get(at, 1.0) for at in self._test]
            sizes.append(len(labelled))
            accuracy.append(float(right.mean()))
            weighted.append(float(np.average(right, weights=weight)))
            if len(labelled) >= data.stop:
                return Curve(sizes, accuracy, weighted, float(np.mean(dialogues)))
            open_turns = self._proposals(model, sorted(set(self._pool) - set(labelled)))
            ranked = STRATEGIES[strategy](open_turns, data, draw.randrange(1 << 30))
            asked = ranked[: data.step]
            dialogues.append(len({p.dialogue_id for p in asked}))
            labelled += [TurnKey(p.dialogue_id, p.index) for p in asked]

    def _train(self, labelled: list[TurnKey]) -> TextClassifier:
        turns = [LabelledTurn(self._data.dialogues[d], t, self._label(TurnKey(d, t))) for d, t in sorted(labelled)]
        with tempfile.TemporaryDirectory() as folder:
            train_labeler(turns, self._data.rules, self._params, Path(folder))
            return TextClassifier.load(Path(folder))

    def _label(self, turn: TurnKey) -> Label:
        value = self._data.truth[turn]
        return Label(
            dialogue_id=turn.dialogue_id,
            turn=turn.index,
            what="intent",
            value=value,
            source="review:truth",
            confidence=1,
            version="1",
        )

    def _proposals(self, model: TextClassifier, turns: list[TurnKey]) -> list[Proposal]:
        """One for each of ``turns``, in their order, which is by dialogue and turn."""
        wanted = set(turns)
        dialogues = [self._data.dialogues[name] for name in sorted({name for name, _ in turns})]
        found = guesses(model, self._data.rules, dialogues)
        return [_proposal(guess) for guess in found if (guess.dialogue.id, guess.index) in wanted]


def _proposal(guess: Guess) -> Proposal:
    dialogue = guess.dialogue
    return Proposal(
        dialogue_id=dialogue.id,
        index=guess.index,
        day=dialogue.day,
        intent=guess.intent,
        confidence=guess.confidence,
        margin=guess.margin,
    )
