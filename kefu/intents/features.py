"""What a sample's texts are to a linear classifier: one sparse row.

Each field (the turn, the answer before it, …) has its own tf-idf vector of hashed n-grams, and beside it,
when an encoder is chosen, a dense one. The lengths of these vectors are the fields' weights, so that no
field is heard more for being longer. The pack's groups of words, found in all fields, are one vector more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from pydantic import BaseModel, ConfigDict

from kefu.intents.context import Sample
from kefu.intents.word_groups import word_counts, word_width
from kefu.text import encoders
from kefu.text.ngrams import count_ngrams, inverse_frequency, weigh

WORDS_WEIGHT = 0.7  # length of the vector of groups of words, beside 1.0 of the turn's own n-grams


class FeatureConfig(BaseModel):
    """How samples become rows.

    fields: name → weight of the texts that a sample consists of; columns are in order of name.
    buckets: hashed n-grams of each field.
    encoder: a key of ``kefu.text.encoders.ENCODERS``, or ``none``.
    words: group → regex, see ``kefu.intents.word_groups``; kept here so that a model searches as it was trained.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[str, float]
    ngrams: tuple[int, int]
    buckets: int
    encoder: str = "none"
    words: dict[str, str] = {}


class Features:
    """Samples → (samples, width) float32, with what was learned from the training samples.

    Args:
        config: see ``FeatureConfig``.
        idf: field → (buckets,), rounded to float16 as it will be stored.
        centre: field → (encoder's width,), the mean of its dense vectors.
        rare: (columns of the words,), how rare each group and pair is; rounded as idf is.
    """

    def __init__(
        self,
        config: FeatureConfig,
        idf: Mapping[str, np.ndarray],
        centre: Mapping[str, np.ndarray],
        rare: np.ndarray,
    ) -> None:
        self.config = config
        self._rare = rare.astype(np.float16).astype(np.float32)
        self._idf = {name: idf[name].astype(np.float16).astype(np.float32) for name in config.fields}
        self._centre = {name: centre[name].astype(np.float32) for name in config.fields}

    @classmethod
    def learned(cls, samples: Sequence[Sample], config: FeatureConfig) -> Features:
        """What the training samples tell: how rare an n-gram is, where the dense vectors lie."""
        idf, centre = {}, {}
        by_field = _by_field(samples, config)
        for salt, name in enumerate(sorted(config.fields)):
            texts = by_field[name]
            idf[name] = inverse_frequency(count_ngrams(texts, config.ngrams, config.buckets, salt), least=2)
            said = [text for text in texts if text.strip()] or [""]
            centre[name] = encoders.encode(config.encoder, said).mean(axis=0)
        counts = word_counts(config.words, sorted(config.fields), by_field)
        return cls(config, idf, centre, inverse_frequency(counts, least=3))

    @property
    def width(self) -> int:
        fields = self.config.fields
        of_one = self.config.buckets + encoders.width(self.config.encoder)
        return len(fields) * of_one + word_width(self.config.words, sorted(fields))

    def __call__(self, samples: Sequence[Sample]) -> sp.csr_matrix:
        sparse, dense = [], []
        by_field = _by_field(samples, self.config)
        for salt, (name, weight) in enumerate(sorted(self.config.fields.items())):
            texts = by_field[name]
            counts = count_ngrams(texts, self.config.ngrams, self.config.buckets, salt)
            sparse.append(weigh(counts, self._idf[name], weight))
            if self.config.encoder != "none":
                dense.append(sp.csr_matrix(weight * self._dense(name, texts)))
        words = word_counts(self.config.words, sorted(self.config.fields), by_field)
        return sp.hstack([*sparse, *dense, weigh(words, self._rare, WORDS_WEIGHT)], format="csr", dtype=np.float32)

    def tensors(self) -> dict[str, np.ndarray]:
        """To store; ``from_tensors`` reads it."""
        centre = {f"centre.{name}": value for name, value in self._centre.items()}
        idf = {f"idf.{name}": value.astype(np.float16) for name, value in self._idf.items()}
        return centre | idf | {"rare": self._rare.astype(np.float16)}

    @classmethod
    def from_tensors(cls, config: FeatureConfig, tensors: Mapping[str, np.ndarray]) -> Features:
        idf, centre = ({name: tensors[f"{kind}.{name}"] for name in config.fields} for kind in ("idf", "centre"))
        return cls(config, idf, centre, tensors.get("rare", np.zeros(0)))  # releases sealed before words have none

    def _dense(self, name: str, texts: Sequence[str]) -> np.ndarray:
        """Centred and of length 1; a field without text says nothing."""
        vectors = encoders.encode(self.config.encoder, texts)
        centred = np.where(vectors.any(axis=1, keepdims=True), vectors - self._centre[name], 0)
        return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)


def _by_field(samples: Sequence[Sample], config: FeatureConfig) -> dict[str, list[str]]:
    return {name: [sample[name] for sample in samples] for name in config.fields}
