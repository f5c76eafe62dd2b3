"""Orders in which to ask: the product's queue, the same without one of its parts, and what it has to beat."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from data.labeling.proposal import Proposal
from data.review.queue import arranged, rank
from data.review.worth import by_worth, worth

Strategy = Callable[[Sequence[Proposal], Mapping[str, int], int], list[Proposal]]


def _random(proposals: Sequence[Proposal], copies: Mapping[str, int], seed: int) -> list[Proposal]:
    return random.Random(seed).sample(list(proposals), len(proposals))


def _margin(proposals: Sequence[Proposal], copies: Mapping[str, int], seed: int) -> list[Proposal]:
    return sorted(proposals, key=lambda p: (p.margin, p.dialogue_id, p.index))


def _without_diversity(proposals: Sequence[Proposal], copies: Mapping[str, int], seed: int) -> list[Proposal]:
    return [proposals[row] for row in by_worth(proposals, worth(proposals, copies), seed)]


def _without_traffic(proposals: Sequence[Proposal], copies: Mapping[str, int], seed: int) -> list[Proposal]:
    doubt = 1 - np.array([p.margin for p in proposals])
    return [proposals[row] for row in arranged(proposals, doubt, seed)]


STRATEGIES: dict[str, Strategy] = {
    "random": _random,
    "margin": _margin,
    "queue": rank,
    "queue without diversity": _without_diversity,
    "queue without traffic": _without_traffic,
}
