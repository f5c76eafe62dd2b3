"""Chooses turns that together cover the most of what is worth asking: weighted facility location, greedily.

A chosen turn covers every other as far as the two are alike, so the next one is of another kind, and a
turn that speaks for many goes before one that speaks for itself. Greedy is within 1 - 1/e of the best
choice (Nemhauser et al. 1978); gains only shrink, so most need no second look (Minoux 1978). apricot and
submodlib do this too, but have not been released since 2021 and 2022; it is thirty lines.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence

import numpy as np

LEAST = 1e-6  # a gain below it is rounding: what is left is covered word for word


def choose(
    similarity: np.ndarray, worth: np.ndarray, covered: np.ndarray, count: int, groups: Sequence[str], per_group: int
) -> list[int]:
    """At most ``count`` rows, the most useful first; fewer when they cover all there is.

    Args:
        similarity: (n, n), 0 to 1, symmetric.
        worth: (n,) weight of covering each row.
        covered: (n,) how far each is covered by what was chosen before.
        groups: of each row; at most ``per_group`` rows of one group are chosen.
    """

    def gain(row: int) -> float:
        return float(worth @ np.maximum(similarity[row] - best, 0))

    best, taken, chosen = covered.copy(), Counter[str](), list[int]()
    heap = [(-gain(row), row) for row in range(len(worth))]
    heapq.heapify(heap)
    while heap and len(chosen) < count:
        _, row = heapq.heappop(heap)
        if taken[groups[row]] >= per_group:
            continue
        now = -gain(row)
        if now > -LEAST:
            break
        if heap and now > heap[0][0]:
            heapq.heappush(heap, (now, row))
            continue
        chosen.append(row)
        taken[groups[row]] += 1
        best = np.maximum(best, similarity[row])
    return chosen
