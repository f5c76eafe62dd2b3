"""What customers ask today that nobody asked in the weeks before, and that the FAQ does not answer.

Today's texts are gathered into clusters (each text joins the most frequent one before it that is alike:
leader clustering, Hartigan 1975), and clusters that nothing earlier is alike are new. Earlier turns are
a sample, so "new" is claimed only of a question frequent enough that the sample would have shown it
with 99 % probability, had it been asked then as often as today.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from data.monitoring.distributions import Turns, batches
from data.monitoring.turn_sample import Embedding, grams
from kefu.text.ngrams import normalize

LARGEST = 20_000  # different texts looked at, most frequent first
SHORTEST = 4  # characters; "好的" is no question
BLOCK = 2_000
SHOWN_BY = 4.6  # expected occurrences in the sample: e^-4.6 is 1 %


@dataclass(frozen=True)
class NewQuestion:
    """A cluster: its most frequent wording (redacted, as in the store), turns, different wordings."""

    example: str
    count: int
    wordings: int


def distinct_texts(partition: Path) -> tuple[list[str], np.ndarray, int]:
    """The day's different customer texts, most frequent first, their counts, and turns of all texts."""
    written: dict[str, str] = {}
    counts: Counter[str] = Counter()
    turns = 0
    for batch in batches(partition, ["turns"]):
        texts = Turns(batch).customer_texts.drop_null()
        turns += len(texts)
        for row in pc.value_counts(texts).to_pylist():
            plain = normalize(row["values"]).strip()
            counts[plain] += row["counts"]
            written[plain] = min(row["values"], written.get(plain, row["values"]))
    order = sorted((text for text in counts if len(text) >= SHORTEST), key=lambda text: (-counts[text], text))
    order = order[:LARGEST]
    return [written[text] for text in order], np.array([counts[text] for text in order], dtype=np.int64), turns


def leaders(vectors: np.ndarray, alike: float) -> np.ndarray:
    """(n,) for each vector the index of its cluster's leader; earlier rows lead."""
    owner = np.arange(len(vectors))
    chosen = np.empty(0, dtype=np.int64)
    for start in range(0, len(vectors), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(vectors)))
        if len(chosen):
            similarity = vectors[block] @ vectors[chosen].T
            best = similarity.argmax(axis=1)
            joins = similarity[np.arange(len(block)), best] >= alike
            owner[block[joins]] = chosen[best[joins]]
            block = block[~joins]
        chosen = np.concatenate([chosen, _led(vectors, block, alike, owner)])
    return owner


def _led(vectors: np.ndarray, block: np.ndarray, alike: float, owner: np.ndarray) -> np.ndarray:
    """Leaders among rows that joined no earlier cluster; writes ``owner`` of the others."""
    near = vectors[block] @ vectors[block].T >= alike
    free = np.ones(len(block), dtype=bool)
    found = []
    for i in range(len(block)):
        if free[i]:
            members = near[i] & free
            free &= ~members
            free[i] = False
            owner[block[members]] = block[i]
            found.append(block[i])
    return np.array(found, dtype=np.int64)


def new_questions(
    partition: Path, before: np.ndarray, embed: Embedding, known: Sequence[str], alike: float, least: int, top: int
) -> list[NewQuestion]:
    """The most frequent new questions of a day.

    Args:
        before: (n, d) vectors of the sampled earlier turns.
        known: questions that are no news: the FAQ's.
        alike: cosine from which two texts ask the same.
        least: turns that make a cluster worth showing.
        top: how many to give.
    """
    texts, counts, turns = distinct_texts(partition)
    if not texts or not len(before):
        return []
    vectors = embed(grams(texts))
    owner = leaders(vectors, alike)
    size = np.bincount(owner, weights=counts, minlength=len(texts))
    enough = max(least, math.ceil(SHOWN_BY * turns / len(before)))
    candidates = np.flatnonzero(size >= enough)
    background = np.concatenate([before, embed(grams(list(known)))])
    new = candidates[_nearest(vectors[candidates], background) < alike]
    new = new[np.argsort(-size[new], kind="stable")][:top]
    wordings = np.bincount(owner, minlength=len(texts))
    return [NewQuestion(texts[i], int(size[i]), int(wordings[i])) for i in new]


def _nearest(vectors: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Greatest similarity of each vector to any of the background."""
    blocks = [vectors[start : start + BLOCK] @ background.T for start in range(0, len(vectors), BLOCK)]
    return np.concatenate([block.max(axis=1) for block in blocks]) if blocks else np.empty(0)
