"""Orders in which to ask: the product's queue (by margin), its former order and parts of that, and random order."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.active_learning.data import Set
from benchmarks.active_learning.former_queue import by_worth, diverse, worth
from data.labeling.proposal import Proposal
from data.review.queue import rank

Strategy = Callable[[Sequence[Proposal], Set, int], list[Proposal]]


def _random(proposals: Sequence[Proposal], data: Set, seed: int) -> list[Proposal]:
    return random.Random(seed).sample(list(proposals), len(proposals))


def _queue(proposals: Sequence[Proposal], data: Set, seed: int) -> list[Proposal]:
    return rank(proposals, seed)


def _former(proposals: Sequence[Proposal], data: Set, seed: int) -> list[Proposal]:
    value = worth(proposals, data.dialogues, data.copies)
    return [proposals[row] for row in diverse(proposals, value, data.dialogues, seed)]


def _without_diversity(proposals: Sequence[Proposal], data: Set, seed: int) -> list[Proposal]:
    value = worth(proposals, data.dialogues, data.copies)
    return [proposals[row] for row in by_worth(proposals, value, data.dialogues, seed)]


def _without_traffic(proposals: Sequence[Proposal], data: Set, seed: int) -> list[Proposal]:
    doubt = 1 - np.array([p.margin for p in proposals])
    return [proposals[row] for row in diverse(proposals, doubt, data.dialogues, seed)]


STRATEGIES: dict[str, Strategy] = {
    "former queue": _former,
    "former queue without diversity": _without_diversity,
    "former queue without traffic": _without_traffic,
    "queue": _queue,
    "random": _random,
}
