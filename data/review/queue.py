"""In which order people are asked, so that the next hundred labels help most: the smallest margin first.

The margin is the lead of the best intent over the second (Scheffer et al. 2001). On real conversations traffic,
discontent and diversity beside it cost labels (``docs/measurements/queue.md``). Within each
hundred, questions of one dialogue stand side by side, so that it is read once.

Audit and golden tasks are strewn in at random places near the front. Nothing that a reviewer sees tells them from
the others but the machine's confidence: ``why`` stays in the queue file, and their priority is their neighbours'.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from heapq import merge

import numpy as np

from data.labeling.proposal import Proposal
from kefu.schema import ReviewTask
from kefu.split import fraction

BATCH = 100  # questions within which those of one dialogue stand side by side
FRONT = 500  # first questions, among which audit and golden tasks are strewn …
STREWN = 0.25  # … or more of them, so that these are at most about this share
_Entry = tuple[float, Proposal | ReviewTask, float]  # place in the queue, what is asked, its doubt


def rank(proposals: Sequence[Proposal], seed: int) -> list[Proposal]:
    """All proposals, the most useful to ask first; ``seed``: of the draw between equals."""
    draw = np.array([fraction(f"{proposal.dialogue_id}#{proposal.index}", seed) for proposal in proposals])
    margin = np.array([proposal.margin for proposal in proposals])
    ranked = [proposals[row] for row in np.lexsort((draw, margin))]
    return [one for start in range(0, len(ranked), BATCH) for one in _side_by_side(ranked[start : start + BATCH])]


def _side_by_side(batch: Sequence[Proposal]) -> Iterator[Proposal]:
    """Dialogue after dialogue, by their smallest margins; the questions of one in the order of its turns."""
    by_dialogue: dict[str, list[Proposal]] = {}
    for proposal in batch:
        by_dialogue.setdefault(proposal.dialogue_id, []).append(proposal)
    for questions in by_dialogue.values():
        yield from sorted(questions, key=lambda proposal: proposal.index)


def queue(
    unsure: Sequence[Proposal], audit: Sequence[Proposal], golden: Sequence[ReviewTask], seed: int
) -> Iterator[ReviewTask]:
    """The whole queue: ``unsure`` by rank, the others strewn in at places that depend on each turn alone.

    A task's priority is its doubt (1 - margin), or that of the task before it when that is less: it never rises
    along the queue. Tasks are made as they are taken: all at once would need several times the proposals' memory.
    """
    others = [*(proposal.task("audit") for proposal in audit), *golden]
    reach = max(min(FRONT, len(unsure)), len(others) * (1 / STREWN - 1))
    ranked: Iterator[_Entry] = (
        (float(place), proposal, 1 - proposal.margin) for place, proposal in enumerate(rank(unsure, seed))
    )
    strewn: list[_Entry] = [
        (reach * fraction(f"{task.why} {task.dialogue_id}#{task.turn}", seed), task, math.inf) for task in others
    ]
    lowest = max((1 - proposal.margin for proposal in unsure), default=0.0)
    for _, asked, doubt in merge(ranked, sorted(strewn, key=_place), key=_place):
        lowest = min(lowest, doubt)
        priority = round(lowest, 6)
        if isinstance(asked, Proposal):
            yield asked.task("unsure", priority)
        else:
            yield asked.model_copy(update={"priority": priority})


def _place(entry: _Entry) -> float:
    return entry[0]
