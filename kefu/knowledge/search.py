"""Hybrid search: dense vectors, BM25, wordings and topic of a question, fused into a calibrated probability.

The probability is that the best entry answers the question as it stands; the others share what it leaves in the
proportion of their scores. A question that leans on what was said ("can that one go in the machine?") is also
searched together with its subject. Vectors come from a store: a matrix here, Milvus in ``serving/knowledge``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from kefu.knowledge.confidence import SIGNALS
from kefu.knowledge.index import Hit, Index, KnowledgeEntry
from kefu.knowledge.lexical import Lexical, LexicalIndex
from kefu.knowledge.topics import Topics
from kefu.shop.part import Lang
from kefu.text.ngrams import NgramCounts, count_row

ELLIPTIC = 0.5  # a question that is found with less may lean on the subject
# The subject may decide between entries that the question's own words find, not bring in another: without the bound
# on coverage 38 of 480 unanswerable questions became sure of something about their product, with it 6.
# A second candidate with less coverage was right in 0.16 of the questions back, with more in 0.43 (folds).
OWN_RANKS, OWN_COVERAGE = 5, 0.3
MANY_TERMS = 60  # longer questions are no longer in the fit: they must not gain by their length
DEEPEST = 10  # entries that a search returns at most
REMEMBERED, REMEMBERED_CHARS = 1024, 1000  # searches, each with what was said before: many customers ask the same
CLOSE = 0.1  # an entry below this share of the best is no alternative to ask back about
DRAWN, DRAWN_NEAR = 0.5, 0.9  # of a sentence's weight, that its source has; of the best source's, that others have


class VectorStore(Protocol):
    """Dense similarity of a vector to each entry of a language."""

    def similarity(self, vector: np.ndarray, lang: Lang) -> np.ndarray:
        """(entries of lang,): of each, in the index's order, that of its nearest vector.

        Entries that an approximate store did not return get the least similarity that it did.
        """
        ...

    def close(self) -> None: ...


class MatrixStore:
    """Exact: all vectors in memory, one product a search."""

    def __init__(self, index: Index) -> None:
        self._parts = {lang: _grouped(index, lang) for lang in index.languages}

    def similarity(self, vector: np.ndarray, lang: Lang) -> np.ndarray:
        vectors, first = self._parts[lang]
        return np.asarray(np.maximum.reduceat(vectors @ vector, first))

    def close(self) -> None:
        """Nothing is open."""


def _grouped(index: Index, lang: Lang) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of one language, those of an entry side by side, and where each entry's begin."""
    number = {entry.id: i for i, entry in enumerate(index.of(lang))}
    rows = sorted((number[owner], row) for row, owner in enumerate(index.owners) if owner in number)
    owners = np.array([owner for owner, _ in rows])
    return index.vectors[[row for _, row in rows]], np.searchsorted(owners, np.arange(len(number)))


class Evidence(NamedTuple):
    """Signals of all entries of a language for one text: (entries, len(SIGNALS)); lexical: their source."""

    signals: np.ndarray
    lexical: Lexical


class Search:
    """Search over an index; safe to use from several threads."""

    def __init__(self, index: Index, store: VectorStore | None = None) -> None:
        self.index, self._store = index, store or MatrixStore(index)
        self._lexical = {
            lang: LexicalIndex(
                [index.questions[entry.id] for entry in index.of(lang)], [entry.answer for entry in index.of(lang)]
            )
            for lang in index.languages
        }
        self._topics = {lang: _columns(index.topics, map(topic_of, index.of(lang))) for lang in index.languages}
        self._asked = {lang: _columns(index.asked, (e.id for e in index.of(lang))) for lang in index.languages}
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._found)

    def search(self, text: str, lang: Lang, context: Sequence[str] = (), top: int = 3, before: str = "") -> list[Hit]:
        """The entries of one language for a redacted text, best first, at most DEEPEST.

        Args:
            context: what the conversation is about, each in some words: what was told last, a product's name.
            before: what the assistant said before it.
        """
        if lang not in self._lexical or not text.strip():
            return []
        found = self._remembered if len(text) + len(before) <= REMEMBERED_CHARS else self._found
        return list(found(text, lang, tuple(context), before)[:top])

    def _found(self, text: str, lang: Lang, context: tuple[str, ...], before: str) -> Sequence[Hit]:
        own = self._ranked(self.evidence(text, lang, before), lang)
        best = own
        if context and own[0].probability < ELLIPTIC:
            spoken_of = self._spoken_of(own)
            for words in context:
                joined = self._ranked(self.evidence(f"{words} {text}", lang, before), lang)
                if joined[0].entry.id in spoken_of and joined[0].probability > best[0].probability:
                    best = joined
        return best

    def evidence(self, text: str, lang: Lang, before: str = "") -> Evidence:
        """What each signal says of each entry of ``lang``. before: what the assistant said before the text."""
        lexical = self._lexical[lang].scores(text)
        config = self.index.encoder.config
        counts = count_row(text, config.ngrams, config.features)
        dense = self._store.similarity(self.index.encoder.encode_row(counts), lang)
        topic = _log_shares(self.index.topics, counts, self._topics[lang])
        said = count_row(before, config.ngrams, config.features) if before else None
        asked = _log_shares(self.index.asked, counts, self._asked[lang], said)
        signals = np.stack([dense, lexical.bm25, lexical.question, topic, asked, self._topics[lang] < 0], axis=1)
        return Evidence(signals.astype(np.float64), lexical)

    def drawn_from(self, sentence: str, lang: Lang) -> list[str]:
        """Ids of the entries that have most of a sentence's words: a text that is told from one is its paraphrase."""
        if lang not in self._lexical:
            return []
        coverage = self._lexical[lang].scores(sentence).coverage
        least = max(DRAWN, DRAWN_NEAR * float(coverage.max(initial=0)))
        return [entry.id for entry, share in zip(self.index.of(lang), coverage, strict=True) if share >= least]

    def close(self) -> None:
        """Closes the store."""
        self._store.close()

    def _spoken_of(self, best: Sequence[Hit]) -> set[str]:
        """Ids of entries that the question's own words find, before its subject is added."""
        return {hit.entry.id for hit in best[:OWN_RANKS] if hit.coverage >= OWN_COVERAGE}

    def _ranked(self, seen: Evidence, lang: Lang) -> list[Hit]:
        """The best entries for what was seen of one text."""
        confidence = self.index.confidence
        scores = confidence.scores(seen.signals)
        order = np.argsort(-scores, kind="stable")[:DEEPEST]
        best = confidence.probability(features(seen, scores, lang))
        shares = np.exp(scores - scores[order[0]])
        entries, coverage = self.index.of(lang), seen.lexical.coverage
        return [Hit(entries[i], float(scores[i]), best * float(shares[i]), float(coverage[i])) for i in order]


def candidates(hits: Sequence[Hit]) -> list[Hit]:
    """The two best entries to ask back about, fewer when no second one comes near and has the question's words."""
    near = [hit for hit in hits[1:2] if hit.probability >= CLOSE * hits[0].probability]
    return [*hits[:1], *(hit for hit in near if hit.coverage >= OWN_COVERAGE)]


def features(seen: Evidence, scores: np.ndarray, lang: Lang) -> np.ndarray:
    """(len(FEATURES),) of the best entry by ``scores`` (entries,)."""
    order = np.argsort(-scores, kind="stable")
    best, other = order[0], order[1] if len(order) > 1 else order[0]
    of = dict(zip(SIGNALS, seen.signals.T, strict=True))
    dense, bm25, question, asked = of["dense"], of["bm25"], of["question"], of["asked"]
    log_share = scores[best] - np.logaddexp.reduce(scores)
    return np.array(
        [
            log_share,
            scores[best] - scores[other],
            dense[best],
            _lead(dense, best),
            bm25[best],
            _lead(bm25, best),
            question[best],
            _lead(question, best),
            seen.lexical.coverage[best],
            seen.lexical.unknown,
            of["topic"][best],
            asked[best],
            _lead(asked, best),
            np.log1p(min(seen.lexical.terms, MANY_TERMS)),
            lang == "zh",
            dense.argmax() == best and bm25.argmax() == best,
        ],
        dtype=np.float64,
    )


def _lead(values: np.ndarray, best: int) -> float:
    """Of one entry over the greatest of all others; negative when another is greater."""
    return float(values[best] - np.delete(values, best).max()) if len(values) > 1 else float(values[best])


def _columns(model: Topics, names: Iterable[str]) -> np.ndarray:
    """(entries,) column of each entry's class, -1 for entries of none: policies, which nobody asks for by name."""
    return np.array([model.column.get(name, -1) for name in names], dtype=int)


def _log_shares(
    model: Topics, counts: NgramCounts, columns: np.ndarray, before: NgramCounts | None = None
) -> np.ndarray:
    """(entries,) log-probability of each entry's class; the mean over classes for entries of none."""
    if not model.config.classes:
        return np.zeros(len(columns))
    log_p = model.log_probabilities(counts, before)
    return np.where(columns < 0, np.exp(log_p) @ log_p, log_p[columns])


def topic_of(entry: KnowledgeEntry) -> str:
    """Name of the topic that an entry would belong to: its intent, else its own."""
    return entry.intent or entry.id
