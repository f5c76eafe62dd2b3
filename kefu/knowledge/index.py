"""Knowledge entries, and the encoder that finds them: dense vectors of a text's character n-grams.

tf-idf of hashed n-grams, projected by a truncated SVD (latent semantic analysis: Deerwester et al.
1990). It is trained on the shop's own texts in seconds, needs no download, and runs in numpy; a
sentence encoder may replace it behind ``Encoder`` without touching serving. ``Index`` is all that the
retriever stage writes; ``search.py`` searches it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator
from safetensors.numpy import load_file, save_file

from kefu.io import atomic_path, read_json, read_jsonl, write_json, write_jsonl
from kefu.knowledge.confidence import UNFITTED, Confidence
from kefu.knowledge.projection import Projection
from kefu.knowledge.topics import Topics
from kefu.schema import Record
from kefu.shop.part import Lang
from kefu.text.ngrams import NgramCounts, count_ngrams
from kefu.text.placeholders import escape_placeholders


class KnowledgeEntry(Record):
    """One piece of knowledge in one language; ``id`` is what answers cite.

    ``question`` and ``answer`` hold no placeholders: a text of the shop's must not be filled with a customer's data.
    """

    id: str
    kind: Literal["faq", "policy", "promotion", "query"]
    intent: str | None
    lang: Lang
    question: str
    answer: str

    @field_validator("question", "answer")
    @classmethod
    def _without_placeholders(cls, text: str) -> str:
        return escape_placeholders(text)


class EncoderConfig(BaseModel):
    """``features`` buckets of n-grams, projected to ``dim`` dimensions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ngrams: tuple[int, int]
    features: int
    dim: int


class Encoder:
    """Texts → unit vectors; the dot product of two is their similarity, at most 1.

    Args:
        config: see ``EncoderConfig``.
        projection: to ``dim`` columns.
    """

    def __init__(self, config: EncoderConfig, projection: Projection) -> None:
        self.config, self._projection = config, projection

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(len(texts), dim) float32; a text of which no n-gram is known gets the zero vector."""
        counts = count_ngrams(texts, self.config.ngrams, self.config.features)
        dense = self._projection.batch(counts)
        length = np.linalg.norm(dense, axis=1, keepdims=True)
        return (dense / np.where(length > 0, length, 1)).astype(np.float32)

    def encode_row(self, counts: NgramCounts) -> np.ndarray:
        """(dim,) float32 of one text's counts, as ``encode`` gives it."""
        dense = self._projection.row(counts)
        return dense / max(float(np.linalg.norm(dense)), 1e-12)

    def save(self, folder: Path) -> None:
        """Writes ``encoder.json`` and ``encoder.safetensors``."""
        self._projection.save(folder / "encoder.safetensors", "projection")
        write_json(folder / "encoder.json", self.config.model_dump())

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Reads what ``save`` wrote."""
        config = EncoderConfig.model_validate(read_json(folder / "encoder.json"))
        return cls(config, Projection.load(folder / "encoder.safetensors", "projection", config.features))


class Hit(NamedTuple):
    """An entry that was found.

    ``score`` orders the hits of one search; ``probability`` is calibrated: how often such an entry answers.
    ``coverage``: share of the question's weight that the entry's words have.
    """

    entry: KnowledgeEntry
    score: float
    probability: float
    coverage: float = 1.0


class Index:
    """All entries and what finds them; ``kefu.knowledge.search.Search`` searches it.

    Args:
        encoder: made the vectors.
        entries: the knowledge.
        vectors: (n, dim) unit vectors; several may lead to one entry.
        owners: n ids: which entry each vector belongs to.
        questions: entry id → the wordings that lead to it, at least one.
        topics: tells a question's intent.
        asked: tells the entry that a question asks for; its classes are the ids of entries.
        confidence: weighs what was found.
    """

    def __init__(
        self,
        encoder: Encoder,
        entries: Sequence[KnowledgeEntry],
        vectors: np.ndarray,
        owners: Sequence[str],
        questions: Mapping[str, Sequence[str]],
        topics: Topics,
        asked: Topics,
        confidence: Confidence = UNFITTED,
    ) -> None:
        self.encoder, self.entries, self.vectors, self.owners = encoder, tuple(entries), vectors, tuple(owners)
        self.questions, self.topics, self.asked, self.confidence = questions, topics, asked, confidence
        self.languages: tuple[Lang, ...] = tuple(dict.fromkeys(entry.lang for entry in self.entries))
        self._of = {lang: tuple(e for e in self.entries if e.lang == lang) for lang in self.languages}

    def of(self, lang: Lang) -> tuple[KnowledgeEntry, ...]:
        """The entries of one language, in order."""
        return self._of.get(lang, ())

    def with_confidence(self, confidence: Confidence) -> Index:
        """The same knowledge, weighed by ``confidence``."""
        return Index(
            self.encoder,
            self.entries,
            self.vectors,
            self.owners,
            self.questions,
            self.topics,
            self.asked,
            confidence,
        )

    def save(self, folder: Path) -> None:
        """Writes all of it: three models, confidence, entries, their questions, vectors and whose they are."""
        self.encoder.save(folder)
        self.topics.save(folder, "topics")
        self.asked.save(folder, "asked")
        self.confidence.save(folder)
        write_jsonl(folder / "entries.jsonl", self.entries)
        write_json(folder / "questions.json", {name: list(some) for name, some in self.questions.items()})
        with atomic_path(folder / "vectors.safetensors") as temporary:
            save_file({"vectors": self.vectors}, temporary)
        write_json(folder / "vectors.json", list(self.owners))

    @classmethod
    def load(cls, folder: Path) -> Index:
        """Reads what ``save`` wrote."""
        return cls(
            Encoder.load(folder),
            tuple(read_jsonl(folder / "entries.jsonl", KnowledgeEntry)),
            load_file(folder / "vectors.safetensors")["vectors"],
            read_json(folder / "vectors.json"),
            read_json(folder / "questions.json"),
            Topics.load(folder, "topics"),
            Topics.load(folder, "asked"),
            Confidence.load(folder),
        )
