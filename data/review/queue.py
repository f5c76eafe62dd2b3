"""In which order people are asked, so that the next hundred labels help most.

The worthiest questions first (``worth``), but worth alone asks the same thing again and again: what is
nearly the same, word for word, as a question before it waits until all others were asked. More diversity
than that (facility location, maximal marginal relevance) cost accuracy on real conversations. One dialogue
gives few questions of a hundred, side by side, so that it is read once.

Audit and golden tasks are strewn in at random places near the front. Nothing a reviewer sees tells them
from the others but the machine's confidence: ``why`` stays in the queue file, and their priority is their
neighbours'. ``python -m benchmarks.active_learning`` measures the order.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge

import numpy as np

from data.labeling.proposal import Proposal
from data.review.worth import by_worth, worth
from kefu.schema import ReviewTask
from kefu.split import fraction
from kefu.text.ngrams import count_ngrams, inverse_frequency, weigh

REACH = 2500  # questions that are compared with each other; more is not asked in a day
ALIKE = 0.7  # cosine of n-grams from which two questions are the same: "还没到" and "还没到啊"
BATCH, PER_DIALOGUE = 100, 3  # most questions of one dialogue in so many
NGRAMS, FEATURES = (1, 4), 1 << 16
FRONT = 500  # first questions, among which audit and golden tasks are strewn …
STREWN = 0.25  # … or more of them, so that these are at most about this share
_Entry = tuple[float, Proposal | ReviewTask, float]  # place in the queue, what is asked, what it is worth


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
    first = rows[:REACH]
    order = [*_same_later([proposals[row].text for row in first], first), *rows[REACH:]]
    return _few_of_one(order, [proposal.dialogue_id for proposal in proposals])


def _same_later(texts: Sequence[str], rows: Sequence[int]) -> list[int]:
    """``rows`` in their order; those whose text is like an earlier one's come after all others."""
    counts = count_ngrams(texts, NGRAMS, FEATURES)
    vectors = weigh(counts, inverse_frequency(counts, least=1))
    alike = (vectors @ vectors.T).toarray() >= ALIKE
    asked, later = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for place in range(len(rows)):
        later[place] = asked[place]
        if not later[place]:
            asked |= alike[place]
    return [rows[place] for place in np.argsort(later, kind="stable")]


def _few_of_one(order: Sequence[int], names: Sequence[str]) -> list[int]:
    """Batch after batch with at most PER_DIALOGUE of a dialogue, which follow each other; the others wait."""
    done, waiting = list[int](), deque(order)
    while waiting:
        batch: dict[str, list[int]] = {}
        passed = list[int]()
        count = 0
        while waiting and count < BATCH:
            row = waiting.popleft()
            own = batch.setdefault(names[row], [])
            if len(own) < PER_DIALOGUE:
                own.append(row)
                count += 1
            else:
                passed.append(row)
        waiting.extendleft(reversed(passed))
        done += [row for own in batch.values() for row in own]
    return done


def queue(
    unsure: Sequence[Proposal],
    audit: Sequence[Proposal],
    golden: Sequence[ReviewTask],
    copies: Mapping[str, int],
    seed: int,
) -> Iterator[ReviewTask]:
    """The whole queue: ``unsure`` by rank, the others strewn in at places that depend on each turn alone.

    A task's priority is its worth, or that of the task before it when that is less: it never rises along the queue.
    Tasks are made as they are taken: all at once would need several times the proposals' memory.
    """
    value = worth(unsure, copies)
    others = [*(proposal.task("audit") for proposal in audit), *golden]
    reach = max(min(FRONT, len(unsure)), len(others) * (1 / STREWN - 1))
    order = arranged(unsure, value, seed)
    ranked: Iterator[_Entry] = ((float(place), unsure[row], float(value[row])) for place, row in enumerate(order))
    strewn: list[_Entry] = [
        (reach * fraction(f"{task.why} {task.dialogue_id}#{task.turn}", seed), task, math.inf) for task in others
    ]
    lowest = float(value.max(initial=0))
    for _, asked, own in merge(ranked, sorted(strewn, key=_place), key=_place):
        lowest = min(lowest, own)
        priority = round(lowest, 6)
        if isinstance(asked, Proposal):
            yield asked.task("unsure", priority)
        else:
            yield asked.model_copy(update={"priority": priority})


def _place(entry: _Entry) -> float:
    return entry[0]
