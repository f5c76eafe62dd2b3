"""Trains the search's topics: logistic regression of a question's character n-grams on the intents.

It learns from the pack's utterances and the index's own questions, never from labelled turns, so that the retriever
stays independent of the labels and questions kept out of an index are kept out of its topics.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from kefu.knowledge.topics import Topics, TopicsConfig
from kefu.text.ngrams import count_ngrams, inverse_frequency, weigh

C = 3.0  # inverse L2 strength: 3, 10 and 30 ranked held-out questions alike, 3 is the quickest


def train_topics(examples: Sequence[tuple[str, str]], ngrams: tuple[int, int], features: int) -> Topics:
    """Learns from (text, intent) pairs; with fewer than two intents the topics are empty."""
    intents = [intent for _, intent in examples]
    classes = tuple(sorted(set(intents)))
    if len(classes) < 2:
        config = TopicsConfig(ngrams=ngrams, features=features, classes=())
        return Topics(config, np.zeros(features), np.zeros((features, 0)), np.zeros(0))
    counts = count_ngrams([text for text, _ in examples], ngrams, features)
    idf = inverse_frequency(counts, least=2)
    used = np.flatnonzero(idf)
    model = LogisticRegression(C=C, max_iter=200).fit(weigh(counts, idf)[:, used], intents)
    weights, bias = model.coef_, model.intercept_
    if len(classes) == 2:  # one row for two classes: the logit of the second
        weights, bias = np.concatenate([0 * weights, weights]), np.array([0.0, bias[0]])
    full = np.zeros((features, len(classes)), dtype=np.float16)
    full[used] = weights.T
    config = TopicsConfig(ngrams=ngrams, features=features, classes=tuple(model.classes_))
    return Topics(config, idf.astype(np.float16), full, bias.astype(np.float32))
