"""Trains the search's topics and entries: ridge regression of a question's character n-grams on its class.

It learns from the pack's utterances and the index's own questions, never from labelled turns, so that the retriever
stays independent of the labels and questions kept out of an index are kept out of its topics. Solved in the dual
(one system of as many equations as texts), which takes a second where logistic regression took fifteen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import solve

from kefu.knowledge.topics import Topics, TopicsConfig
from kefu.text.ngrams import count_ngrams, inverse_frequency, weigh

RIDGE = 1.0  # 0.1 to 1 ranked held-out wordings alike within a point


def train_topics(examples: Sequence[tuple[str, str]], ngrams: tuple[int, int], features: int) -> Topics:
    """Learns from (text, class) pairs; with fewer than two classes it tells nothing."""
    labels = [label for _, label in examples]
    classes = tuple(sorted(set(labels)))
    if len(classes) < 2:
        config = TopicsConfig(ngrams=ngrams, features=features, classes=())
        return Topics(config, np.zeros(features), np.zeros((features, 0)))
    counts = count_ngrams([text for text, _ in examples], ngrams, features)
    idf = inverse_frequency(counts, least=1)
    used = np.flatnonzero(idf)
    matrix = weigh(counts, idf)[:, used]
    number = {name: i for i, name in enumerate(classes)}
    targets = np.zeros((len(labels), len(classes)), dtype=np.float32)
    targets[np.arange(len(labels)), [number[label] for label in labels]] = 1
    gram = (matrix @ matrix.T).toarray() + RIDGE * np.eye(len(labels), dtype=np.float32)
    weights = np.zeros((features, len(classes)), dtype=np.float16)
    weights[used] = matrix.T @ solve(gram, targets, assume_a="pos", overwrite_a=True)
    return Topics(TopicsConfig(ngrams=ngrams, features=features, classes=classes), idf.astype(np.float16), weights)
