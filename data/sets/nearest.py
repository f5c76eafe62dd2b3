"""Finds the knowledge that a prompt of the SFT set shows, before there is a retriever.

Exact tf-idf, without the retriever's projection: the sets must not depend on a model that is trained
on them. Like serving, it gives the nearest entries of the language, the right one among them or not:
a model has to learn that too.
"""

from __future__ import annotations

import numpy as np

from kefu.knowledge.entries import knowledge_entries, questions
from kefu.knowledge.index import KnowledgeEntry
from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from kefu.text.ngrams import count_ngrams, inverse_frequency, weigh

NGRAMS, FEATURES, TOP = (1, 4), 65536, 3


class NearestKnowledge:
    """Search over one pack's knowledge."""

    def __init__(self, pack: Pack) -> None:
        entries = {entry.id: entry for entry in knowledge_entries(pack) if entry.kind != "query"}  # no text to show
        asked = questions(pack)
        rows = [(entry, text) for entry in entries.values() for text in asked.get(entry.id, [entry.question])]
        self._owners = [entry for entry, _ in rows]
        self._languages = np.array([entry.lang for entry in self._owners])
        counts = count_ngrams([text for _, text in rows], NGRAMS, FEATURES)
        self._idf = inverse_frequency(counts, least=1)
        self._vectors = weigh(counts, self._idf)
        self._cache: dict[tuple[str, Lang], list[KnowledgeEntry]] = {}

    def find(self, question: str, lang: Lang) -> list[KnowledgeEntry]:
        """The ``TOP`` nearest entries of a language, best first."""
        if (question, lang) not in self._cache:
            self._cache[question, lang] = self._search(question, lang)
        return self._cache[question, lang]

    def _search(self, question: str, lang: Lang) -> list[KnowledgeEntry]:
        vector = weigh(count_ngrams([question], NGRAMS, FEATURES), self._idf)
        similarity = np.asarray(self._vectors @ vector.toarray()[0])
        similarity[self._languages != lang] = -1
        found: dict[str, KnowledgeEntry] = {}
        for row in np.argsort(-similarity, kind="stable"):
            found.setdefault(self._owners[row].id, self._owners[row])
            if len(found) == TOP or similarity[row] < 0:
                break
        return [entry for entry in found.values() if entry.lang == lang]
