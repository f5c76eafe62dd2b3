"""The tf-idf of a text times a matrix of which only the rows that some n-gram reaches are kept, in half precision.

Hashed n-grams of a shop's texts fill about half of the buckets: the other rows would be zeros in memory.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.sparse as sp
from safetensors.numpy import load_file, save_file

from kefu.io import atomic_path
from kefu.text.ngrams import NgramCounts, weigh


class Projection:
    """See the module's description.

    Args:
        used: (n,) the features that have a row, ascending.
        idf: (n,) of these.
        rows: (n, columns).
        features: how many there are in all.
    """

    def __init__(self, used: np.ndarray, idf: np.ndarray, rows: np.ndarray, features: int) -> None:
        self._used, self._rows = used.astype(np.int32), np.ascontiguousarray(rows, dtype=np.float16)
        self._idf = np.zeros(features, dtype=np.float32)
        self._idf[used] = idf
        self._row_of = np.zeros(features, dtype=np.int32)  # of a feature without one: any, as its idf is 0
        self._row_of[used] = np.arange(len(used), dtype=np.int32)

    def row(self, counts: NgramCounts) -> np.ndarray:
        """(columns,) float32 of one text, without SciPy's overhead: it took half of a search's time.

        Args:
            counts: of ``count_row``. Zero for a text of which no n-gram is known.
        """
        weights = (1 + np.log(counts.data)) * self._idf[counts.indices]
        known = np.flatnonzero(weights)
        weights = weights[known]
        length = np.sqrt(weights @ weights)
        rows = self._rows[self._row_of[counts.indices[known]]]
        return np.asarray((weights / max(length, 1e-12)) @ rows.astype(np.float32), dtype=np.float32)

    def batch(self, counts: sp.csr_matrix) -> np.ndarray:
        """(texts, columns) float32 of ``count_ngrams``."""
        return np.asarray(weigh(counts, self._idf)[:, self._used] @ self._rows.astype(np.float32))

    def save(self, path: Path, name: str) -> None:
        """Writes a safetensors file in which the rows are called ``name``."""
        tensors = {"rows": self._used, "idf": self._idf[self._used].astype(np.float16), name: self._rows}
        with atomic_path(path) as temporary:
            save_file(tensors, temporary)

    @classmethod
    def load(cls, path: Path, name: str, features: int) -> Projection:
        """Reads what ``save`` wrote."""
        tensors = load_file(path)
        return cls(tensors["rows"], tensors["idf"], tensors[name], features)
