"""Golden tasks: turns whose answer is known, asked again unseen, to measure reviewers.

Known is an answer on which two people agree, and failing enough of those, one that a person gave and a
model that had not seen it gave too. The proposal shown is that model's, right or wrong: it was made as for
any new turn, so a reviewer cannot tell, and one who accepts wrong proposals unread is found out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from data.labeling.labeler import OutOfFoldPrediction, most_likely
from kefu.schema import Label, ReviewTask
from kefu.split import fraction


def golden_tasks(
    judged: Iterable[OutOfFoldPrediction],
    classes: Sequence[str],
    labels: Iterable[Label],
    count: int,
    day: str,
    seed: int,
) -> list[ReviewTask]:
    """At most ``count`` tasks; another ``day`` draws others.

    Args:
        judged: predictions for reviewed turns by models that had not seen them.
        classes: of their probabilities, in order.
        labels: by people, as ``data/review/votes.py`` writes them: who agreed stands in the source, joined by "+".
    """
    sources = {(x.dialogue_id, x.turn, x.value): x.source for x in labels if x.what == "intent"}
    known: list[tuple[bool, float, OutOfFoldPrediction]] = []
    for turn in judged:
        source = sources.get((turn.dialogue_id, turn.turn, turn.intent))
        alone = source is None or "+" not in source
        if source is not None and not (alone and turn.predicted != turn.intent):
            known.append((alone, fraction(f"{day} {turn.dialogue_id}#{turn.turn}", seed), turn))
    known.sort(key=lambda entry: entry[:2])
    return [_task(turn, classes) for _, _, turn in known[:count]]


def _task(turn: OutOfFoldPrediction, classes: Sequence[str]) -> ReviewTask:
    (best,) = most_likely(np.array([turn.probabilities]), classes)
    return ReviewTask(
        dialogue_id=turn.dialogue_id,
        turn=turn.turn,
        proposal=turn.predicted,
        alternatives=tuple(best[1:]),
        confidence=turn.confidence,
        why="golden",
        priority=0.0,
    )
