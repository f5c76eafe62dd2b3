"""Knowledge entries, and the encoder that finds them: dense vectors of a text's character n-grams.

tf-idf of hashed n-grams, projected by a truncated SVD (latent semantic analysis: Deerwester et al.
1990). It is trained on the shop's own texts in seconds, needs no download, and runs in numpy; a
sentence encoder may replace it behind ``Encoder`` without touching serving. ``Index`` is the exact
search over the saved vectors: what evaluation uses and what a vector store must agree with.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict
from safetensors.numpy import load_file, save_file

from kefu.io import atomic_path, read_json, read_jsonl, write_json, write_jsonl
from kefu.schema import Record
from kefu.shop.part import Lang
from kefu.text.ngrams import count_ngrams, weigh


class KnowledgeEntry(Record):
    """One piece of knowledge in one language; ``id`` is what answers cite."""

    id: str
    kind: Literal["faq", "policy", "promotion", "query"]
    intent: str | None
    lang: Lang
    question: str
    answer: str


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
        idf: (features,).
        projection: (features, dim).
    """

    def __init__(self, config: EncoderConfig, idf: np.ndarray, projection: np.ndarray) -> None:
        self.config = config
        self._idf = idf.astype(np.float32)
        self._projection = projection.astype(np.float32)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(len(texts), dim) float32; a text of which no n-gram is known gets the zero vector."""
        counts = count_ngrams(texts, self.config.ngrams, self.config.features)
        dense = np.asarray(weigh(counts, self._idf) @ self._projection)
        length = np.linalg.norm(dense, axis=1, keepdims=True)
        return (dense / np.where(length > 0, length, 1)).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Writes ``encoder.json`` and ``encoder.safetensors``."""
        used = np.flatnonzero(self._idf).astype(np.int32)
        tensors: dict[str, np.ndarray] = {
            "rows": used,
            "idf": self._idf[used].astype(np.float16),
            "projection": self._projection[used].astype(np.float16),
        }
        with atomic_path(folder / "encoder.safetensors") as temporary:
            save_file(tensors, temporary)
        write_json(folder / "encoder.json", self.config.model_dump())

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Reads what ``save`` wrote."""
        config = EncoderConfig.model_validate(read_json(folder / "encoder.json"))
        tensors = load_file(folder / "encoder.safetensors")
        idf = np.zeros(config.features, dtype=np.float16)
        projection = np.zeros((config.features, config.dim), dtype=np.float16)
        idf[tensors["rows"]], projection[tensors["rows"]] = tensors["idf"], tensors["projection"]
        return cls(config, idf, projection)


class Hit(NamedTuple):
    """An entry that was found, and how similar its nearest question is to what was asked."""

    entry: KnowledgeEntry
    score: float


class Index:
    """All entries with the vectors of their questions; several vectors may lead to one entry.

    Args:
        encoder: made the vectors.
        entries: the knowledge.
        vectors: (n, dim) unit vectors.
        owners: n ids: which entry each vector belongs to.
    """

    def __init__(
        self, encoder: Encoder, entries: Sequence[KnowledgeEntry], vectors: np.ndarray, owners: Sequence[str]
    ) -> None:
        self.encoder, self.entries, self.vectors, self.owners = encoder, tuple(entries), vectors, tuple(owners)
        self._by_id = {entry.id: entry for entry in entries}

    def search(self, texts: Sequence[str], top: int = 3, lang: Lang | None = None) -> list[list[Hit]]:
        """For each text the ``top`` nearest different entries, best first; only of ``lang`` if given."""
        similarity = self.encoder.encode(texts) @ self.vectors.T
        return [self._best(row, top, lang) for row in similarity]

    def _best(self, similarity: np.ndarray, top: int, lang: Lang | None) -> list[Hit]:
        found: dict[str, Hit] = {}
        for i in np.argsort(-similarity, kind="stable"):
            entry = self._by_id[self.owners[i]]
            if entry.id not in found and lang in (None, entry.lang):
                found[entry.id] = Hit(entry, float(similarity[i]))
                if len(found) == top:
                    break
        return list(found.values())

    def save(self, folder: Path) -> None:
        """Writes the encoder, ``entries.jsonl``, ``vectors.safetensors`` and ``vectors.json`` (the owners)."""
        self.encoder.save(folder)
        write_jsonl(folder / "entries.jsonl", self.entries)
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
        )
