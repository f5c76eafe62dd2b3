"""A dialogue's customer turns in order, and what the turns beside each were taken for.

Half of what a customer means stands in the turns around: "and when?" is about a refund because the turn
before was. So a classifier looks twice: first at every turn alone, then at each again beside the first
look's opinion of its neighbours. This file says who is whose neighbour and what is told of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Sample = Mapping[str, str]  # field → text, see kefu.intents.views

REACH = 3  # customer turns to either side; more did not help on real conversations


@dataclass(frozen=True)
class Run:
    """The customer turns of one dialogue, oldest first.

    group: what must never be on both sides of a fold, e.g. the dialogue's id.
    labels: a class for each sample, None where people said nothing (it still is a neighbour).
    """

    group: str
    samples: Sequence[Sample]
    labels: Sequence[str | None]


@dataclass(frozen=True)
class Lesson:
    """An example that the pack gives of a class: it teaches, and nothing is measured on it."""

    sample: Sample
    label: str


def links(lengths: Sequence[int], ahead: bool) -> np.ndarray:
    """Rows of each turn's neighbours, (turns, 2 x REACH) int; -1 where there is none.

    Args:
        lengths: turns of each run; runs stand one after the other.
        ahead: whether turns that came later may be looked at. Never for an answer given now.

    Columns: one before, two before, …, one after, two after, …
    """
    size = np.repeat(lengths, lengths)
    position = np.concatenate([np.arange(length) for length in lengths] or [np.zeros(0, int)]).astype(int)
    steps = [*range(-1, -REACH - 1, -1), *range(1, REACH + 1)]
    columns = []
    for step in steps:
        there = (position + step >= 0) & (position + step < size) & (ahead or step < 0)
        columns.append(np.where(there, np.arange(len(position)) + step, -1))
    return np.stack(columns, axis=1)


def told(opinions: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """What the second look is told, (turns, 7 x classes + 2 x REACH) float32.

    Its own first opinion; on either side the nearest's, the second's and the strongest within reach; who is missing.

    Args:
        opinions: (turns, classes) probabilities of the first look.
        neighbours: from ``links``.
    """
    near = np.vstack([opinions, np.zeros_like(opinions[:1])])[neighbours]  # (turns, 2 x REACH, classes)
    before, after = near[:, :REACH], near[:, REACH:]
    parts = [opinions]
    for side in (before, after):
        parts += [side[:, 0], side[:, 1], side.max(axis=1)]
    return np.hstack([*parts, neighbours < 0]).astype(np.float32)


def told_width(classes: int) -> int:
    """Columns of ``told``."""
    return 7 * classes + 2 * REACH
