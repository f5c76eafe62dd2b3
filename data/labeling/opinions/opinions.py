"""The judge's opinions as the stage keeps them, as a source, and whether they were worth asking for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.labeling.labeler import Judged, arrays
from data.labeling.opinions.combine import listen
from kefu.schema import Dialogue, Record

OPINIONS = "opinions.jsonl"
Turn = tuple[str, int]


class Opinion(Record):
    """The judge's probability of every intent of the taxonomy."""

    dialogue_id: str
    turn: int
    probabilities: dict[str, float]


@dataclass(frozen=True)
class Opinions:
    """The judge as a source; it speaks of the turns that it was asked about.

    said: of each judged turn the judge's probabilities in the labeler's order of classes.
    """

    said: Mapping[Turn, np.ndarray]
    name: str = "judge"
    more: str = "review more turns or raise judge.turns"

    @classmethod
    def of(cls, opinions: Iterable[Opinion], classes: Sequence[str]) -> Opinions:
        return cls(
            {(o.dialogue_id, o.turn): np.array([o.probabilities.get(c, 0.0) for c in classes]) for o in opinions}
        )

    def __call__(
        self, confidence: np.ndarray, turns: Sequence[Turn], dialogues: Mapping[str, Dialogue]
    ) -> tuple[list[int], np.ndarray]:
        rows = [row for row, turn in enumerate(turns) if turn in self.said]
        return rows, np.array([self.said[turns[row]] for row in rows])


def worth(judged: Sequence[Judged], opinions: Sequence[Opinion], classes: Sequence[str]) -> dict[str, float]:
    """Is the judge worth asking? Shares of the reviewed judged turns on which it and the labeler are right.

    ``accuracy.both`` is of the cross-fitted combination, when there are enough turns for one.
    """
    said = {(o.dialogue_id, o.turn): max(o.probabilities, key=lambda c: o.probabilities[c]) for o in opinions}
    heard, second = listen(judged, [Opinions.of(opinions, classes)], classes, {})
    pairs = [(j, h) for j, h in zip(judged, heard, strict=True) if (j.dialogue_id, j.turn) in said]
    figures = {"opinions": float(len(opinions)), "reviewed": float(len(pairs))}
    if not pairs:
        return figures
    judge = np.array([said[j.dialogue_id, j.turn] == j.intent for j, _ in pairs])
    labeler = arrays([j for j, _ in pairs])[1]
    figures |= {
        "accuracy.judge": float(judge.mean()),
        "accuracy.labeler": float(labeler.mean()),
        "right_where_labeler_wrong": float((judge & ~labeler).sum()),
    }
    if second is not None:
        figures["accuracy.both"] = float(arrays([h for _, h in pairs])[1].mean())
    return figures
