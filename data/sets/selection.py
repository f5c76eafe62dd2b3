"""Which examples fit into a bounded set: mostly of the newest days, with some of all older ones.

The share of older days (replay) keeps a model that learns from its predecessor from forgetting what it
knew: Rolnick et al. 2019, arXiv:1811.11682. Choices are made by keyed hash, so they are the same in
every run, and another day changes as little as possible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from kefu.split import fraction

T = TypeVar("T")


def newest_with_replay(
    items: Sequence[T], day: Callable[[T], str], key: Callable[[T], str], limit: int, replay_share: float, seed: int
) -> list[T]:
    """At most ``limit`` items, in their order.

    Args:
        items: all there are.
        day: YYYY-MM-DD of an item.
        key: its identity, for the draw.
        limit: how many fit.
        replay_share: of the limit, share drawn from what the newest days leave over.
        seed: of the draw.
    """
    drawn = sorted(items, key=lambda item: fraction(key(item), seed))
    by_day = sorted(drawn, key=day, reverse=True)  # stable: within a day still as drawn
    new = by_day[: limit - round(limit * replay_share)]
    chosen = {key(item) for item in new}
    rest = [item for item in drawn if key(item) not in chosen]
    chosen |= {key(item) for item in rest[: limit - len(new)]}
    return [item for item in items if key(item) in chosen]
