"""The queue's former order: doubt x traffic x discontent, the same question once, few questions a dialogue.

It left the product because plain margin needs fewer labels on real conversations (docs/measurements/queue.md). Doubt is
1 - margin. Traffic is how many near-duplicate dialogues a question stands for (its fourth root counts). A discontent
customer (CSAT 1 or 2) counts more. A question whose n-grams are nearly those of one before it waits until all others
were asked.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence

import numpy as np

from data.labeling.proposal import Proposal
from kefu.schema import Dialogue
from kefu.split import fraction
from kefu.text.ngrams import count_ngrams, inverse_frequency, normalize, weigh

DISCONTENT = {1: 2.0, 2: 1.5}  # csat → factor
COMPARED = 2500  # first questions that are compared with each other
SAME_COSINE = 0.7  # cosine of n-grams from which two questions are the same: "还没到" and "还没到啊"
BATCH, PER_DIALOGUE = 100, 3  # most questions of one dialogue in so many
NGRAMS, FEATURES = (1, 4), 1 << 16

Dialogues = Mapping[str, Dialogue]


def worth(proposals: Sequence[Proposal], dialogues: Dialogues, copies: Mapping[str, int]) -> np.ndarray:
    """(n,), ≥ 0. ``copies``: dialogue id → how many near-duplicates it stands for beyond itself."""
    traffic = np.array([1.0 + copies.get(proposal.dialogue_id, 0) for proposal in proposals])
    stars = [dialogues[proposal.dialogue_id].csat for proposal in proposals]
    discontent = np.array([1.0 if csat is None else DISCONTENT.get(csat, 1.0) for csat in stars])
    return (1 - np.array([p.margin for p in proposals])) * traffic**0.25 * discontent


def texts(proposals: Sequence[Proposal], dialogues: Dialogues) -> list[str]:
    return [dialogues[proposal.dialogue_id].turns[proposal.index].text for proposal in proposals]


def by_worth(proposals: Sequence[Proposal], value: np.ndarray, dialogues: Dialogues, seed: int) -> list[int]:
    """Rows, worthiest first; a text that was asked already waits for all new ones. Ties are drawn by ``seed``."""
    draw = np.array([fraction(f"{proposal.dialogue_id}#{proposal.index}", seed) for proposal in proposals])
    order, asked = np.lexsort((draw, -value)), [normalize(text) for text in texts(proposals, dialogues)]
    seen: Counter[str] = Counter()
    rounds = np.zeros(len(order), dtype=int)
    for place, row in enumerate(order):
        rounds[place] = seen[asked[row]]
        seen[asked[row]] += 1
    return [int(row) for row in order[np.argsort(rounds, kind="stable")]]


def diverse(proposals: Sequence[Proposal], value: np.ndarray, dialogues: Dialogues, seed: int) -> list[int]:
    """Rows, ordered by what each is worth, ``value`` (n,), and by what was asked before it."""
    rows = by_worth(proposals, value, dialogues, seed)
    first = rows[:COMPARED]
    order = [*_same_later(texts([proposals[row] for row in first], dialogues), first), *rows[COMPARED:]]
    return _few_of_one(order, [proposal.dialogue_id for proposal in proposals])


def _same_later(asked: Sequence[str], rows: Sequence[int]) -> list[int]:
    """``rows`` in their order; those whose text is like an earlier one's come after all others."""
    counts = count_ngrams(asked, NGRAMS, FEATURES)
    vectors = weigh(counts, inverse_frequency(counts, least=1))
    alike = (vectors @ vectors.T).toarray() >= SAME_COSINE
    known, later = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for place in range(len(rows)):
        later[place] = known[place]
        if not later[place]:
            known |= alike[place]
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
