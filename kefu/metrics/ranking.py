"""How high the right entry stands in a list of results."""

from __future__ import annotations

from collections.abc import Sequence


def hit_at(k: int, found: Sequence[str], right: str) -> float:
    """1 if the right entry is among the first ``k``, else 0."""
    return float(right in found[:k])


def reciprocal_rank(found: Sequence[str], right: str) -> float:
    """1 / rank of the right entry, 0 when it was not found."""
    return 1 / (found.index(right) + 1) if right in found else 0.0
