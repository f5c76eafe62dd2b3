"""Which candidates fit into a bounded set: mostly of the newest days, with some of all older ones.

The share of older days (replay) keeps a model that learns from its predecessor from forgetting what it
knew: Rolnick et al. 2019, arXiv:1811.11682. Choices are made by keyed hash, so they are the same in
every run, and another day changes as little as possible. Candidates are columns: there may be millions.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
_ordinal: Callable[[str], int] = lru_cache(maxsize=None)(lambda day: date.fromisoformat(day).toordinal())


class Candidates:
    """Places of dialogues, 20 bytes each: day, draw, number of the dialogue, turn."""

    def __init__(self) -> None:
        self._days, self._numbers, self._turns, self._draws = array("i"), array("i"), array("i"), array("d")

    def __len__(self) -> int:
        return len(self._draws)

    def add(self, day: str, draw: float, number: int, turn: int) -> None:
        """One more; ``draw`` is its keyed hash as a number from 0 to 1."""
        self._days.append(_ordinal(day))
        self._draws.append(draw)
        self._numbers.append(number)
        self._turns.append(turn)

    def newest(self, rows: Rows, limit: int, replay_share: float) -> Rows:
        """See ``newest_with_replay``; ``rows`` are those to choose from."""
        days, draws = np.frombuffer(self._days, np.int32)[rows], np.frombuffer(self._draws, np.float64)[rows]
        return rows[newest_with_replay(days, draws, limit, replay_share)]

    def of_earlier_days(self, rows: Rows, newest: Rows, limit: int) -> Rows:
        """At most ``limit`` of ``rows`` of days before the last one in ``newest``, the smallest draws first."""
        days, draws = np.frombuffer(self._days, np.int32), np.frombuffer(self._draws, np.float64)
        older = rows[days[rows] < days[newest].max(initial=0)]
        return older[np.argsort(draws[older], kind="stable")[:limit]]

    def places(self, rows: Rows) -> list[tuple[int, int]]:
        """Returns (number of the dialogue, index of the turn) of each row."""
        return [(self._numbers[row], self._turns[row]) for row in rows.tolist()]


def newest_with_replay(days: NDArray[np.int32], draws: NDArray[np.float64], limit: int, replay_share: float) -> Rows:
    """Which items are chosen, at most ``limit``, in their order.

    Args:
        days: of each item, as numbers.
        draws: of each item; of one day the smallest are chosen.
        limit: how many fit.
        replay_share: of the limit, share drawn from what the newest days leave over.
    """
    if len(draws) <= limit:
        return np.arange(len(draws))
    new = np.lexsort((draws, -days))[: limit - round(limit * replay_share)]
    left = np.ones(len(draws), bool)
    left[new] = False
    old = np.flatnonzero(left)
    old = old[np.argsort(draws[old], kind="stable")[: limit - len(new)]]
    return np.sort(np.concatenate([new, old]))
