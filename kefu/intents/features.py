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
        return cls.fit_rows(samples, config, np.arange(len(samples)))[0]

    @classmethod
    def fit_rows(
        cls, samples: Sequence[Sample], config: FeatureConfig, learned: np.ndarray
    ) -> tuple[Features, sp.csr_matrix]:
        """Computes the same on the samples of the numbers ``learned`` (n,); returns the rows of all samples, too."""
        by_field = _by_field(samples, config)
        ngrams, words = _counted(by_field, config)
        idf = {name: inverse_frequency(counts[learned], least=2) for name, counts in ngrams.items()}
        centre = {}
        for name, texts in by_field.items():
            filled = [texts[number] for number in learned if texts[number].strip()] or [""]
            centre[name] = encoders.encode(config.encoder, filled).mean(axis=0)
        features = cls(config, idf, centre, inverse_frequency(words[learned], least=3))
        return features, features._weighed(by_field, ngrams, words)

    @property
    def width(self) -> int:
        fields = self.config.fields
        field_width = self.config.buckets + encoders.width(self.config.encoder)
        return len(fields) * field_width + word_width(self.config.words, sorted(fields))

    def __call__(self, samples: Sequence[Sample]) -> sp.csr_matrix:
        by_field = _by_field(samples, self.config)
        return self._weighed(by_field, *_counted(by_field, self.config))

    def _weighed(
        self, by_field: Mapping[str, Sequence[str]], ngrams: Mapping[str, sp.csr_matrix], words: sp.csr_matrix
    ) -> sp.csr_matrix:
        fields = sorted(self.config.fields.items())
        parts = [weigh(ngrams[name], self._idf[name], weight) for name, weight in fields]
        if self.config.encoder != "none":
            parts += [sp.csr_matrix(weight * self._dense(name, by_field[name])) for name, weight in fields]
        return sp.hstack([*parts, weigh(words, self._rare, WORDS_WEIGHT)], format="csr", dtype=np.float32)

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


def _counted(
    by_field: Mapping[str, Sequence[str]], config: FeatureConfig
) -> tuple[dict[str, sp.csr_matrix], sp.csr_matrix]:
    """Counts of each field's n-grams, and of the word groups."""
    fields = sorted(config.fields)
    ngrams = {
        name: count_ngrams(by_field[name], config.ngrams, config.buckets, salt) for salt, name in enumerate(fields)
    }
    return ngrams, word_counts(config.words, fields, by_field)
