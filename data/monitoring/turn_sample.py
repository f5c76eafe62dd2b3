"""A random sample of a day's customer turns as hashed n-grams: what days are compared by.

Only bucket counts are kept, no text. Every turn of a day has the same chance, drawn with a fixed seed,
so the same partition gives the same sample whatever else is in the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from data.monitoring.distributions import Turns, batches
from kefu.io import atomic_path
from kefu.text.ngrams import count_ngrams, inverse_frequency, weigh

NGRAMS, FEATURES = (2, 4), 1 << 16
DIMENSIONS = 256


@dataclass(frozen=True)
class Sample:
    """``grams``: (n, FEATURES) counts; ``owner``: (n,) number of the dialogue that a turn belongs to."""

    grams: sp.csr_matrix
    owner: np.ndarray

    def one_a_dialogue(self) -> np.ndarray:
        """Rows of independent observations: the first sampled turn of each dialogue."""
        return np.sort(np.unique(self.owner, return_index=True)[1])

    def save(self, path: Path) -> None:
        grams = self.grams
        with atomic_path(path, private=True) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file,
                data=grams.data.astype(np.uint16),
                indices=grams.indices.astype(np.uint32),
                indptr=grams.indptr.astype(np.uint32),
                owner=self.owner.astype(np.uint32),
            )

    @classmethod
    def load(cls, path: Path) -> Sample:
        with np.load(path) as stored:
            data, indices, indptr = stored["data"].astype(np.float32), stored["indices"], stored["indptr"]
            shape = (len(indptr) - 1, FEATURES)
            grams = sp.csr_matrix((data, indices.astype(np.int32), indptr.astype(np.int32)), shape=shape)
            return cls(grams, stored["owner"])


def grams(texts: list[str]) -> sp.csr_matrix:
    """(n, FEATURES) counts of hashed n-grams, a bucket once a row."""
    counted = count_ngrams(texts, NGRAMS, FEATURES)
    counted.sum_duplicates()
    return counted


def draw(partition: Path, day: str, size: int, seed: int) -> Sample:
    """At most ``size`` customer turns of the day that have any text."""
    rng = np.random.default_rng([seed, int(day.replace("-", ""))])
    texts: list[str] = []
    keys: np.ndarray = np.empty(0)
    owners: np.ndarray = np.empty(0, dtype=np.int64)
    before = 0
    for batch in batches(partition, ["turns"]):
        said = Turns(batch)
        here = rng.random(int(said.customer.sum()))
        least = np.sort(np.argsort(here, kind="stable")[:size])
        texts += [text or "" for text in said.customer_texts.take(pa.array(least)).to_pylist()]
        keys = np.concatenate([keys, here[least]])
        owners = np.concatenate([owners, before + said.owner[said.customer][least]])
        kept = np.sort(np.argsort(keys, kind="stable")[:size])
        texts, keys, owners, before = [texts[i] for i in kept], keys[kept], owners[kept], before + batch.num_rows
    said_something = [i for i, text in enumerate(texts) if text.strip()]
    return Sample(grams([texts[i] for i in said_something]), owners[said_something])


class Embedding:
    """n-gram counts → unit vectors: tf-idf, then a fixed random projection (Johnson & Lindenstrauss 1984).

    Args:
        background: counts whose frequencies weigh the n-grams; what never occurs there weighs most.
        seed: of the projection.
    """

    def __init__(self, background: sp.csr_matrix, seed: int) -> None:
        self._idf = inverse_frequency(background, least=0)
        rng = np.random.default_rng(seed)
        self._projection = rng.standard_normal((FEATURES, DIMENSIONS), dtype=np.float32)

    def __call__(self, counts: sp.csr_matrix) -> np.ndarray:
        """(n, DIMENSIONS) float32; the dot product of two approximates their cosine, to about 0.06."""
        dense = np.asarray(weigh(counts, self._idf) @ self._projection)
        length = np.linalg.norm(dense, axis=1, keepdims=True)
        return (dense / np.where(length > 0, length, 1)).astype(np.float32)
