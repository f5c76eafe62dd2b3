"""In which order people are asked, so that the next hundred labels help most.

The worthiest questions first (``worth``), but worth alone asks the same thing again and again. So each
hundred is chosen from the five hundred worthiest that remain, as those that cover them best (``coverage``;
filtering by uncertainty, then facility location: Wei, Iyer, Bilmes 2015, ICML). One dialogue gives few
turns of a hundred, side by side, so that it is read once.

Audit and golden tasks are strewn in at random places near the front. Nothing a reviewer sees tells them
from the others but the machine's confidence: ``why`` stays in the queue file, and their priority is their
neighbours'. ``python -m benchmarks.active_learning`` measures the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from data.label.proposal import Proposal
from data.review.coverage import choose
from data.review.worth import by_worth, worth
from kefu.ngrams import count_ngrams, inverse_frequency, weigh
from kefu.schema import ReviewTask
from kefu.split import fraction

Why = Literal["unsure", "audit", "golden"]
BATCH, WINDOW = 100, 500  # questions chosen together, and from how many
BATCHES = 20  # chosen that way; the rest is by worth alone: more is not asked in a day
PER_DIALOGUE = 3  # questions of a batch
NGRAMS, FEATURES = (1, 4), 1 << 16
FRONT = 500  # first questions, among which audit and golden tasks are strewn …
STREWN = 0.25  # … or more of them, so that these are at most about this share


def rank(proposals: Sequence[Proposal], copies: Mapping[str, int], seed: int) -> list[Proposal]:
    """All proposals, the most useful to ask first.

    Args:
        copies: dialogue id → how many near-duplicates it stands for beyond itself.
        seed: of the draw between equals.
    """
    return [proposals[row] for row in _order(proposals, worth(proposals, copies), seed)]


def _order(proposals: Sequence[Proposal], value: np.ndarray, seed: int) -> list[int]:
    rows = by_worth(proposals, value, seed)
    reach = BATCH * (BATCHES - 1) + WINDOW
    return [*_spread(proposals, value, rows[:reach]), *rows[reach:]]


def _spread(proposals: Sequence[Proposal], value: np.ndarray, rows: list[int]) -> list[int]:
    """``rows`` (by worth), batch after batch chosen for coverage."""
    counts = count_ngrams([proposals[row].text for row in rows], NGRAMS, FEATURES)
    vectors = weigh(counts, inverse_frequency(counts, least=1))
    names, weights = [proposals[row].dialogue_id for row in rows], value[rows]
    covered, done = np.zeros(len(rows)), list[int]()
    for _ in range(BATCHES):
        left = np.setdiff1d(np.arange(len(rows)), done)
        window = left[np.argsort(-(weights * (1 - covered))[left], kind="stable")][:WINDOW]
        near = (vectors[window] @ vectors[window].T).toarray()
        groups = [names[i] for i in window]
        batch = window[choose(near, weights[window], covered[window], BATCH, groups, PER_DIALOGUE)]
        if not len(batch):
            break
        done += _side_by_side(batch.tolist(), names)
        covered = np.maximum(covered, (vectors @ vectors[batch].T).max(axis=1).toarray().ravel())
    return [rows[i] for i in (*done, *np.setdiff1d(np.arange(len(rows)), done))]


def _side_by_side(chosen: Sequence[int], names: Sequence[str]) -> list[int]:
    """Questions of one dialogue follow the first of them."""
    first = {names[i]: place for place, i in reversed(list(enumerate(chosen)))}
    return sorted(chosen, key=lambda i: first[names[i]])


def queue(
    unsure: Sequence[Proposal],
    audit: Sequence[Proposal],
    golden: Sequence[Proposal],
    copies: Mapping[str, int],
    seed: int,
) -> list[ReviewTask]:
    """The whole queue: ``unsure`` by rank, the others strewn in, in an order that depends on each turn alone.

    A task's priority is its worth, or that of the task before it when that is less: it never rises along the queue.
    """
    value = worth(unsure, copies)
    order = _order(unsure, value, seed)
    others: list[tuple[Why, Proposal]] = [("audit", p) for p in audit]
    others += [("golden", p) for p in golden]
    reach = max(min(FRONT, len(unsure)), len(others) * (1 / STREWN - 1))
    placed: list[tuple[float, Why, Proposal]] = [
        (float(place), "unsure", unsure[row]) for place, row in enumerate(order)
    ]
    placed += [(reach * fraction(f"{why} {p.dialogue_id}#{p.index}", seed), why, p) for why, p in others]
    placed.sort(key=lambda entry: entry[0])
    lowest, tasks = float(value.max(initial=0)), []
    worths = {(p.dialogue_id, p.index): v for p, v in zip(unsure, value, strict=True)}
    for _, why, proposal in placed:
        lowest = min(lowest, worths.get((proposal.dialogue_id, proposal.index), lowest))
        tasks.append(proposal.task(why, round(lowest, 6)))
    return tasks
