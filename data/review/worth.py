"""What the answer to each question is worth: doubt x traffic x discontent.

Doubt is 1 - margin, the lead of the best intent over the second (Scheffer et al. 2001). Traffic is how
many near-duplicate dialogues it stands for, since ingest keeps one of them; its fourth root, because a
hundredth copy adds less than a second one. Turns with equal words are not counted: mostly they are "ok"
and "thanks", whose intent hangs on what came before; counting them cost half a point of accuracy on real
conversations. A customer's discontent (CSAT 1 or 2) counts more: that is a choice, not a measurement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from data.labeling.proposal import Proposal
from kefu.split import fraction
from kefu.text.ngrams import normalize

DISCONTENT = {1: 2.0, 2: 1.5}  # csat → factor


def worth(proposals: Sequence[Proposal], copies: Mapping[str, int]) -> np.ndarray:
    """(n,), ≥ 0. ``copies``: dialogue id → how many near-duplicates it stands for beyond itself."""
    traffic = np.array([1.0 + copies.get(proposal.dialogue_id, 0) for proposal in proposals])
    discontent = np.array([1.0 if p.csat is None else DISCONTENT.get(p.csat, 1.0) for p in proposals])
    return (1 - np.array([p.margin for p in proposals])) * traffic**0.25 * discontent


def by_worth(proposals: Sequence[Proposal], value: np.ndarray, seed: int) -> list[int]:
    """Rows, worthiest first; a text that was asked already waits for all new ones. Ties are drawn by ``seed``."""
    draw = np.array([fraction(f"{proposal.dialogue_id}#{proposal.index}", seed) for proposal in proposals])
    order = np.lexsort((draw, -value))
    seen: Counter[str] = Counter()
    rounds = np.zeros(len(order), dtype=int)
    for place, row in enumerate(order):
        text = normalize(proposals[row].text)
        rounds[place] = seen[text]
        seen[text] += 1
    return [int(row) for row in order[np.argsort(rounds, kind="stable")]]
