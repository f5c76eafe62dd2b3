"""What a sample's texts are to a linear classifier: one sparse row.

Each field (the turn, the answer before it, …) has its own tf-idf vector of hashed n-grams, and beside it,
when an encoder is chosen, a dense one. The lengths of these vectors are the fields' weights, so that no
field is heard more for being longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from pydantic import BaseModel, ConfigDict

from kefu import encoder
from kefu.ngrams import count_ngrams, inverse_frequency, weigh
from kefu.runs import Sample


class FeatureConfig(BaseModel):
    """How samples become rows.

    fields: name → weight of the texts that a sample consists of; columns are in order of name.
    buckets: hashed n-grams of each field.
    encoder: a key of ``kefu.encoder.ENCODERS``, or ``none``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[str, float]
    ngrams: tuple[int, int]
    buckets: int
    encoder: str = "none"


class Features:
    """Samples → (samples, width) float32, with what was learned from the training samples.

    Args:
        config: see ``FeatureConfig``.
        idf: field → (buckets,), rounded to float16 as it will be stored.
        centre: field → (encoder's width,), the mean of its dense vectors.
    """

    def __init__(self, config: FeatureConfig, idf: Mapping[str, np.ndarray], centre: Mapping[str, np.ndarray]) -> None:
        self.config = config
        self._idf = {name: idf[name].astype(np.float16).astype(np.float32) for name in config.fields}
        self._centre = {name: centre[name].astype(np.float32) for name in config.fields}

    @classmethod
    def learned(cls, samples: Sequence[Sample], config: FeatureConfig) -> Features:
        """What the training samples tell: how rare an n-gram is, where the dense vectors lie."""
        idf, centre = {}, {}
        for salt, name in enumerate(sorted(config.fields)):
            texts = [sample[name] for sample in samples]
            idf[name] = inverse_frequency(count_ngrams(texts, config.ngrams, config.buckets, salt), least=2)
            said = [text for text in texts if text.strip()] or [""]
            centre[name] = encoder.encode(config.encoder, said).mean(axis=0)
        return cls(config, idf, centre)

    @property
    def width(self) -> int:
        return len(self.config.fields) * (self.config.buckets + encoder.width(self.config.encoder))

    def __call__(self, samples: Sequence[Sample]) -> sp.csr_matrix:
        sparse, dense = [], []
        for salt, (name, weight) in enumerate(sorted(self.config.fields.items())):
            texts = [sample[name] for sample in samples]
            counts = count_ngrams(texts, self.config.ngrams, self.config.buckets, salt)
            sparse.append(weigh(counts, self._idf[name], weight))
            if self.config.encoder != "none":
                dense.append(sp.csr_matrix(weight * self._dense(name, texts)))
        return sp.hstack([*sparse, *dense], format="csr", dtype=np.float32)

    def tensors(self) -> dict[str, np.ndarray]:
        """To store; ``from_tensors`` reads it."""
        centre = {f"centre.{name}": value for name, value in self._centre.items()}
        return centre | {f"idf.{name}": value.astype(np.float16) for name, value in self._idf.items()}

    @classmethod
    def from_tensors(cls, config: FeatureConfig, tensors: Mapping[str, np.ndarray]) -> Features:
        idf, centre = ({name: tensors[f"{kind}.{name}"] for name in config.fields} for kind in ("idf", "centre"))
        return cls(config, idf, centre)

    def _dense(self, name: str, texts: Sequence[str]) -> np.ndarray:
        """Centred and of length 1; a field without text says nothing."""
        vectors = encoder.encode(self.config.encoder, texts)
        centred = np.where(vectors.any(axis=1, keepdims=True), vectors - self._centre[name], 0)
        return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
