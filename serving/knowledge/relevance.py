"""How probable it is that what a model says answers the question: by the passages that it is told from.

A claim that a passage supports may be true and answer something else: asked on which floor the factory is, a tiny model
told the rule on coupons. So a sentence counts for what the search finds its source probable: the calibrated
probability (``kefu/knowledge/search.py``) that one of the passages that it is told from answers the question. A source
that the model was not shown, which it knows by heart, has none. What many passages could have said (a bare yes) says
nothing of its own.

It compares words, as all attribution here: a paraphrase in other words has no source. Live knowledge (promotions,
products) has no calibrated probability, so what is told from it alone has none either.
"""

from __future__ import annotations

from collections.abc import Sequence

from kefu.knowledge.index import Hit
from kefu.shop.part import Lang
from serving.knowledge.static import StaticKnowledge

MOST_SOURCES = 4  # entries of a shop that tell the same; a sentence that more have is common words


class Relevance:
    """Of the sentences of one answer.

    Args:
        hits: the passages that the model was shown, with their probabilities for the question.
        least: probability of answering the question, below which a sentence is not said; 0: all are.
    """

    def __init__(self, knowledge: StaticKnowledge, hits: Sequence[Hit], lang: Lang, least: float) -> None:
        self._knowledge, self._lang, self.least = knowledge, lang, least
        self._probabilities = {hit.entry.id: hit.probability for hit in hits}

    @property
    def is_possible(self) -> bool:
        """Whether any sentence could be probable enough: what is told from all the passages together."""
        return min(1.0, sum(self._probabilities.values())) >= self.least

    def probability(self, sentence: str) -> float | None:
        """That a sentence answers the question; None where it says nothing of its own."""
        if not any(map(str.isalpha, sentence)):
            return None
        sources = self._knowledge.drawn_from(sentence, self._lang)
        if len(sources) > MOST_SOURCES:
            return None
        return min(1.0, sum(self._probabilities.get(name, 0.0) for name in sources))
