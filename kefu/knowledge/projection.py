"""The tf-idf of a text times a matrix of which only the rows that some n-gram reaches are kept, in eight bits.

Hashed n-grams of a shop's texts fill about half of the buckets: the other rows would be zeros in memory. Each row has
a step of its own, a 127th of its greatest value (absmax quantization: Dettmers et al. 2022, arXiv:2208.07339, §2.1).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.sparse as sp
from safetensors.numpy import load_file, save_file

from kefu.io import atomic_path
from kefu.text.ngrams import NgramCounts, weigh

MOST = 127  # steps of a row's greatest value


class Projection:
    """See the module's description.

    Args:
        used: (n,) the features that have a row, ascending.
        idf: (n,) of these.
        rows: (n, columns) int8, in steps.
        steps: (n,) the step of each row.
        features: how many there are in all.
    """

    def __init__(self, used: np.ndarray, idf: np.ndarray, rows: np.ndarray, steps: np.ndarray, features: int) -> None:
        self._used, self._rows, self._steps = used.astype(np.int32), np.ascontiguousarray(rows), steps
        self._idf = np.zeros(features, dtype=np.float32)
        self._idf[used] = idf
        self._row_of = np.zeros(features, dtype=np.int32)  # of a feature without one: any, as its idf is 0
        self._row_of[used] = np.arange(len(used), dtype=np.int32)

    @classmethod
    def of_matrix(cls, used: np.ndarray, idf: np.ndarray, matrix: np.ndarray, features: int) -> Projection:
        """The projection whose rows come nearest to those of ``matrix`` (n, columns)."""
        steps = (np.abs(matrix).max(axis=1, initial=0) / MOST).astype(np.float32)
        rows = np.rint(matrix / np.where(steps, steps, 1)[:, None]).astype(np.int8)
        return cls(used, idf, rows, steps, features)

    def row(self, counts: NgramCounts) -> np.ndarray:
        """(columns,) float32 of one text, without SciPy's overhead: it took half of a search's time.

        Args:
            counts: of ``count_row``. Zero for a text of which no n-gram is known.
        """
        weights = (1 + np.log(counts.data)) * self._idf[counts.indices]
        known = np.flatnonzero(weights)
        weights = weights[known]
        length = np.sqrt(weights @ weights)
        places = self._row_of[counts.indices[known]]
        weights = weights * self._steps[places] / max(length, 1e-12)
        return np.asarray(weights @ self._rows[places].astype(np.float32), dtype=np.float32)

    def batch(self, counts: sp.csr_matrix) -> np.ndarray:
        """(texts, columns) float32 of ``count_ngrams``."""
        weights = weigh(counts, self._idf)[:, self._used].multiply(self._steps)
        return np.asarray(weights @ self._rows.astype(np.float32))

    def save(self, path: Path, name: str) -> None:
        """Writes a safetensors file in which the rows are called ``name``."""
        idf = self._idf[self._used].astype(np.float16)
        tensors = {"rows": self._used, "idf": idf, "steps": self._steps, name: self._rows}
        with atomic_path(path) as temporary:
            save_file(tensors, temporary)

    @classmethod
    def load(cls, path: Path, name: str, features: int) -> Projection:
        """Reads what ``save`` wrote; releases before had the matrix in half precision."""
        tensors = load_file(path)
        if "steps" not in tensors:
            return cls.of_matrix(tensors["rows"], tensors["idf"], tensors[name].astype(np.float32), features)
        return cls(tensors["rows"], tensors["idf"], tensors[name], tensors["steps"], features)
