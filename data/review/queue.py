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

import math
from collections.abc import Mapping, Sequence

import numpy as np

from data.label.proposal import Proposal
from data.review.coverage import choose
from data.review.worth import by_worth, worth
from kefu.ngrams import count_ngrams, inverse_frequency, weigh
from kefu.schema import ReviewTask
from kefu.split import fraction

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
    return [proposals[row] for row in arranged(proposals, worth(proposals, copies), seed)]


def arranged(proposals: Sequence[Proposal], value: np.ndarray, seed: int) -> list[int]:
    """Rows of ``proposals``, ordered by what each is worth, ``value`` (n,), and by what was asked before it."""
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
    golden: Sequence[ReviewTask],
    copies: Mapping[str, int],
    seed: int,
) -> list[ReviewTask]:
    """The whole queue: ``unsure`` by rank, the others strewn in at places that depend on each turn alone.

    A task's priority is its worth, or that of the task before it when that is less: it never rises along the queue.
    """
    value = worth(unsure, copies)
    others = [*(proposal.task("audit") for proposal in audit), *golden]
    reach = max(min(FRONT, len(unsure)), len(others) * (1 / STREWN - 1))
    placed = [
        (float(place), float(value[row]), unsure[row].task("unsure"))
        for place, row in enumerate(arranged(unsure, value, seed))
    ]
    placed += [
        (reach * fraction(f"{task.why} {task.dialogue_id}#{task.turn}", seed), math.inf, task) for task in others
    ]
    placed.sort(key=lambda entry: entry[0])
    lowest, tasks = float(value.max(initial=0)), list[ReviewTask]()
    for _, own, task in placed:
        lowest = min(lowest, own)
        tasks.append(task.model_copy(update={"priority": round(lowest, 6)}))
    return tasks
