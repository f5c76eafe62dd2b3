"""Knowledge that changes with a release: FAQ, policies and queries, found by ``kefu.knowledge.search``.

Vectors are a matrix in memory; Milvus keeps them when there are ``milvus_from`` entries, or when ``MILVUS_URI`` names
a server. milvus-lite took 4.4 of a search's 4.9 CPU-ms for 243 entries.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from kefu.knowledge.index import Hit, Index
from kefu.knowledge.search import MatrixStore, Search, VectorStore
from kefu.shop.part import Lang

EXACT = 1.0  # the probability of a question that the pack words just so
TOP = 3
NO_LETTERS = re.compile(r"[\W_]+")


def _plain(text: str) -> str:
    """Letters and digits only: punctuation and case do not make another question."""
    return NO_LETTERS.sub("", unicodedata.normalize("NFKC", text).casefold())


class StaticKnowledge:
    """Search over a release's knowledge.

    Args:
        asked: entry id → its questions as the pack words them (``kefu.knowledge.entries.questions``).
    """

    def __init__(self, search: Search, asked: Mapping[str, Sequence[str]]) -> None:
        self._search = search
        self._entries = {entry.id: entry for entry in search.index.entries}
        self._written = {
            (entry.lang, _plain(question)): entry.id
            for entry in search.index.entries
            for question in asked.get(entry.id, ())
        }

    @classmethod
    def open(
        cls, retriever: Path, runtime: Path, asked: Mapping[str, Sequence[str]], milvus_from: int
    ) -> StaticKnowledge:
        """Loads a release's index, and fills its collection when Milvus keeps the vectors."""
        index = Index.load(retriever)
        return cls(Search(index, _open_store(retriever, runtime, index, milvus_from)), asked)

    def is_exact(self, text: str, lang: Lang) -> bool:
        """Whether a text is a question of the pack, word for word."""
        return (lang, _plain(text)) in self._written

    def search(self, text: str, lang: Lang, context: Sequence[str] = (), before: str = "") -> list[Hit]:
        """The entries of one language for a redacted text, best first.

        Args:
            context: what the conversation is about, the latest last: a product's name, the customer's turns before.
            before: what the assistant said before it.

        A question worded exactly as the pack words it is EXACT, whatever the signals say.
        """
        hits = self._search.search(text, lang, context, TOP, before)
        exact = self._written.get((lang, _plain(text)))
        if exact is None:
            return hits
        score = hits[0].score if hits else 0.0
        return [Hit(self._entries[exact], score, EXACT), *(h for h in hits if h.entry.id != exact)][:TOP]

    def drawn_from(self, sentence: str, lang: Lang) -> list[str]:
        """Ids of the entries that a sentence is told from, as far as its words show."""
        return self._search.drawn_from(sentence, lang)

    def hit(self, entry: str) -> Hit:
        """An entry (its id) that the pack's words ask for: as EXACT as a question in the pack's wording."""
        return Hit(self._entries[entry], EXACT, EXACT)

    def close(self) -> None:
        self._search.close()


def _open_store(retriever: Path, runtime: Path, index: Index, milvus_from: int) -> VectorStore:
    if len(index.entries) < milvus_from and not os.environ.get("MILVUS_URI"):
        return MatrixStore(index)
    from serving.knowledge.milvus import open_vectors  # a second and 60 MB that most shops need not spend

    return open_vectors(retriever, runtime, index)
