"""A dialogue's customer turns in order, and the features that a turn gets from its neighbours.

Half of what a customer means is in the turns around: "and when?" is about a refund because the turn
before was. So a classifier makes two passes: the first sees every turn alone, the second sees each turn
again together with the first pass's probabilities of its neighbours. This file defines who is whose
neighbour, and these neighbour features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Sample = Mapping[str, str]  # field → text, see kefu.intents.views

NEIGHBOUR_TURNS = 3  # customer turns on either side; more did not help on real conversations


@dataclass(frozen=True)
class CustomerTurns:
    """The customer turns of one dialogue, oldest first.

    group: what must never be on both sides of a fold, e.g. the dialogue's id.
    labels: a class for each sample; None where nobody labelled it (it still is a neighbour).
    """

    group: str
    samples: Sequence[Sample]
    labels: Sequence[str | None]


@dataclass(frozen=True)
class PackExample:
    """An example that the pack gives of a class. It is trained on and never used to measure or calibrate."""

    sample: Sample
    label: str


def neighbour_indices(lengths: Sequence[int], ahead: bool) -> np.ndarray:
    """Returns the rows of each turn's neighbours, (turns, 2 x NEIGHBOUR_TURNS) int; -1 where there is none.

    Args:
        lengths: customer turns of each dialogue; the rows of a dialogue follow those of the one before.
        ahead: whether later turns count as neighbours. Never for an answer that is given now.

    Columns: one before, two before, …, one after, two after, …
    """
    size = np.repeat(lengths, lengths)
    position = np.concatenate([np.arange(length) for length in lengths] or [np.zeros(0, int)]).astype(int)
    steps = [*range(-1, -NEIGHBOUR_TURNS - 1, -1), *range(1, NEIGHBOUR_TURNS + 1)]
    columns = []
    for step in steps:
        exists = (position + step >= 0) & (position + step < size) & (ahead or step < 0)
        columns.append(np.where(exists, np.arange(len(position)) + step, -1))
    return np.stack(columns, axis=1)


def neighbour_features(probabilities: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Returns what the second pass gets beside a turn's own words, (turns, ``neighbour_width``) float32.

    These are first-pass probabilities: the turn's own, then for either side those of the nearest turn, of the
    second, and the greatest of all neighbours. The last columns mark neighbours that do not exist.

    Args:
        probabilities: (turns, classes) of the first pass.
        neighbours: (turns, 2 x NEIGHBOUR_TURNS) int from ``neighbour_indices``.
    """
    padded = np.vstack([probabilities, np.zeros_like(probabilities[:1])])  # row -1: no neighbour
    of_neighbours = padded[neighbours]  # (turns, 2 x NEIGHBOUR_TURNS, classes)
    parts = [probabilities]
    for side in (of_neighbours[:, :NEIGHBOUR_TURNS], of_neighbours[:, NEIGHBOUR_TURNS:]):
        parts += [side[:, 0], side[:, 1], side.max(axis=1)]
    return np.hstack([*parts, neighbours < 0]).astype(np.float32)


def neighbour_width(classes: int) -> int:
    """Returns the number of columns of ``neighbour_features``."""
    return 7 * classes + 2 * NEIGHBOUR_TURNS
