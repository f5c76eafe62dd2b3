"""What needs no language model: the answers that a model must beat to be worth serving.

``constant``: one sentence for all questions of a language, the training answer that shares most tokens
with the others. ``first_entry``: the first knowledge entry of the prompt, copied.

Word overlap rewards polite phrases that answer nothing, so a model's token F1 says little until these two
stand beside it. They are the same for challenger and champion: chosen on training answers and the pack,
never on a model or on the held-out answers that they are measured on.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from kefu.errors import Unusable
from kefu.knowledge.index import KnowledgeEntry
from kefu.metrics.text import tokens
from kefu.schema import Example
from kefu.shop.slots import language

SAMPLE = 2000  # training answers of a language that are compared with each other


def constant_answers(asked: Sequence[Example], train: Sequence[Example], seed: int) -> list[str]:
    """For each example the best constant sentence of its question's language.

    A language without training answers gets the best sentence of all. Raises Unusable when no training
    answer has a word.
    """
    taught = [(language(_question(e)), e.messages[-1].content) for e in train]
    languages = [language(_question(example)) for example in asked]
    best = {
        lang: best_constant([text for other, text in taught if other == lang] or [text for _, text in taught], seed)
        for lang in sorted(set(languages))
    }
    return [best[lang] for lang in languages]


def best_constant(answers: Sequence[str], seed: int) -> str:
    """The answer with the highest mean token F1 over all of them; of equals, the first in order of text.

    Of more than ``SAMPLE`` answers a seeded sample is compared. Raises Unusable when none has a word.
    """
    worded = [text for text in answers if tokens(text)]
    if not worded:
        raise Unusable("no training answer has a word")
    counts = Counter(random.Random(seed).sample(worded, min(SAMPLE, len(worded))))
    texts = sorted(counts)
    scores = _pairwise_f1(texts) @ np.array([counts[text] for text in texts], dtype=float)
    # Rounded: the last bits of a sum differ between processors, and equals must be seen as equal.
    return texts[int(np.argmax(np.round(scores / counts.total(), 9)))]


def _pairwise_f1(texts: Sequence[str]) -> np.ndarray:
    """Token F1 of each text, none without a word, against each: (texts, texts).

    A bag of tokens is the set of (token, how many-eth): the overlap of two bags is a product of 0s and 1s.
    """
    columns: dict[tuple[str, int], int] = {}
    rows: list[list[int]] = []
    for text in texts:
        bag = Counter(tokens(text))
        pieces = [(token, nth) for token, count in bag.items() for nth in range(count)]
        rows.append([columns.setdefault(piece, len(columns)) for piece in pieces])
    lengths = np.array([len(row) for row in rows])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    flat = np.array([column for row in rows for column in row])
    bags = sp.csr_matrix((np.ones(len(flat)), flat, starts), shape=(len(rows), len(columns)))
    return 2 * (bags @ bags.T).toarray() / (lengths[:, None] + lengths[None, :])


def first_entries(asked: Sequence[Example], entries: Sequence[KnowledgeEntry]) -> list[str]:
    """For each example the answer of the entry that its system message shows first; "" where it shows none."""
    return [_first_shown(example, entries) for example in asked]


def _first_shown(example: Example, entries: Sequence[KnowledgeEntry]) -> str:
    shown = "\n".join(m.content for m in example.messages if m.role == "system")
    found = [(shown.find(entry.answer), -len(entry.answer), entry.answer) for entry in entries]
    # Of two that begin at one place the longer was shown: the other is only its beginning.
    return min((place for place in found if place[0] >= 0), default=(0, 0, ""))[-1]


def _question(example: Example) -> str:
    return example.messages[-2].content
