"""Features of a sample's texts for a linear classifier: one sparse row a sample.

Each field (the turn, the answer before it, …) has its own tf-idf vector of hashed n-grams, and a dense one
where an encoder is chosen. The length of these vectors is the field's weight, so that longer fields do not
weigh more. The pack's word groups, searched in all fields, are one vector more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from pydantic import BaseModel, ConfigDict

from kefu.intents.context import Sample
from kefu.intents.word_groups import group_patterns, word_columns, word_counts, word_width
from kefu.text import encoders
from kefu.text.ngrams import NgramCounts, count_ngrams, count_row, inverse_frequency, weigh, weigh_row

WORDS_WEIGHT = 0.7  # length of the vector of word groups; that of the turn's own n-grams is 1.0


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
    """Samples → (samples, width) float32, by statistics of the training samples.

    Args:
        config: see ``FeatureConfig``.
        idf: field → (buckets,), rounded to float16 as it will be stored.
        centre: field → (encoder's width,), the mean of its dense vectors.
        rare: (``word_width``,) idf of each word group and pair; rounded as idf is.

    patterns: regexes of the word groups. searched_together: the same, and those of others that see the same texts.
    """

    def __init__(
        self,
        config: FeatureConfig,
        idf: Mapping[str, np.ndarray],
        centre: Mapping[str, np.ndarray],
        rare: np.ndarray,
    ) -> None:
        self.config = config
        self.patterns = self.searched_together = group_patterns(config.words)
        self._rare = rare.astype(np.float16).astype(np.float32)
        self._idf = {name: idf[name].astype(np.float16).astype(np.float32) for name in config.fields}
        self._centre = {name: centre[name].astype(np.float32) for name in config.fields}

    @classmethod
    def fit(cls, samples: Sequence[Sample], config: FeatureConfig) -> Features:
        """Computes idf and the dense vectors' means on the training samples."""
        idf, centre = {}, {}
        by_field = _by_field(samples, config)
        for salt, name in enumerate(sorted(config.fields)):
            texts = by_field[name]
            idf[name] = inverse_frequency(count_ngrams(texts, config.ngrams, config.buckets, salt), least=2)
            filled = [text for text in texts if text.strip()] or [""]
            centre[name] = encoders.encode(config.encoder, filled).mean(axis=0)
        counts = word_counts(config.words, sorted(config.fields), by_field)
        return cls(config, idf, centre, inverse_frequency(counts, least=3))

    @property
    def width(self) -> int:
        fields = self.config.fields
        field_width = self.config.buckets + encoders.width(self.config.encoder)
        return len(fields) * field_width + word_width(self.config.words, sorted(fields))

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

    def row(self, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        """One sample's columns (n,) and values (n,) float32, as ``__call__`` gives them, without SciPy's overhead."""
        fields, buckets = sorted(self.config.fields.items()), self.config.buckets
        columns, values = [], []
        for salt, (name, weight) in enumerate(fields):
            counts = count_row(sample[name], self.config.ngrams, buckets, salt)
            columns.append(counts.indices + salt * buckets)
            values.append(weigh_row(counts, self._idf[name], weight))
        begin = len(fields) * buckets
        if self.config.encoder != "none":
            for name, weight in fields:
                values.append((weight * self._dense(name, [sample[name]])[0]).astype(np.float32))
                columns.append(begin + np.arange(len(values[-1])))
                begin += len(values[-1])
        groups = word_columns(self.patterns, [name for name, _ in fields], sample, self.searched_together)
        columns.append(begin + groups)
        words = NgramCounts(groups, np.ones(len(groups), dtype=np.float32))
        values.append(weigh_row(words, self._rare, WORDS_WEIGHT))
        return np.concatenate(columns), np.concatenate(values)

    def tensors(self) -> dict[str, np.ndarray]:
        """Returns what has to be stored; ``from_tensors`` reads it."""
        centre = {f"centre.{name}": value for name, value in self._centre.items()}
        idf = {f"idf.{name}": value.astype(np.float16) for name, value in self._idf.items()}
        return centre | idf | {"rare": self._rare.astype(np.float16)}

    @classmethod
    def from_tensors(cls, config: FeatureConfig, tensors: Mapping[str, np.ndarray]) -> Features:
        idf, centre = ({name: tensors[f"{kind}.{name}"] for name in config.fields} for kind in ("idf", "centre"))
        return cls(config, idf, centre, tensors.get("rare", np.zeros(0)))  # releases from before word groups have none

    def _dense(self, name: str, texts: Sequence[str]) -> np.ndarray:
        """Returns (texts, encoder's width), centred and of length 1; zeros for a text without words."""
        vectors = encoders.encode(self.config.encoder, texts)
        centred = np.where(vectors.any(axis=1, keepdims=True), vectors - self._centre[name], 0)
        return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)


def _by_field(samples: Sequence[Sample], config: FeatureConfig) -> dict[str, list[str]]:
    return {name: [sample[name] for sample in samples] for name in config.fields}
