"""Rows in eight bits: near the matrix that was learned, the same after a round trip, and of older releases, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from kefu.knowledge.projection import MOST, Projection
from kefu.text.ngrams import count_ngrams, count_row

NGRAMS, FEATURES, TEXTS = (1, 3), 256, ["退货要多久", "when does it ship", "能开发票吗"]


@pytest.fixture
def matrix() -> np.ndarray:
    found = np.random.default_rng(7).normal(size=(FEATURES - 1, 12)).astype(np.float32)
    found[3] = 0  # a row that tells nothing
    return found


def made(matrix: np.ndarray) -> Projection:
    return Projection.of_matrix(np.arange(1, FEATURES), np.ones(FEATURES - 1), matrix, FEATURES)


def rows(projection: Projection) -> np.ndarray:
    return np.stack([projection.row(count_row(text, NGRAMS, FEATURES)) for text in TEXTS])


def test_a_text_comes_as_near_as_half_a_step_of_each_row(matrix: np.ndarray) -> None:
    exact = np.eye(FEATURES, dtype=np.float32)[:, 1:].T  # of which no value is rounded: it shows the weights
    weights = rows(made(exact[:, 1:]))
    far = np.abs(rows(made(matrix)) - weights @ matrix)
    assert (far <= np.abs(weights) @ np.abs(matrix).max(axis=1, keepdims=True) / MOST / 2 + 1e-6).all()
    assert far.max() > 0


def test_one_text_and_many_are_the_same(matrix: np.ndarray) -> None:
    many = made(matrix).batch(count_ngrams(TEXTS, NGRAMS, FEATURES))
    np.testing.assert_allclose(rows(made(matrix)), many, rtol=1e-4, atol=1e-5)


def test_what_is_saved_is_loaded(matrix: np.ndarray, tmp_path: Path) -> None:
    made(matrix).save(tmp_path / "p.safetensors", "weights")
    loaded = Projection.load(tmp_path / "p.safetensors", "weights", FEATURES)
    np.testing.assert_array_equal(rows(loaded), rows(made(matrix)))


def test_a_release_in_half_precision_is_loaded(matrix: np.ndarray, tmp_path: Path) -> None:
    used, idf = np.arange(1, FEATURES, dtype=np.int32), np.ones(FEATURES - 1, np.float16)
    save_file({"rows": used, "idf": idf, "weights": matrix.astype(np.float16)}, tmp_path / "old.safetensors")
    loaded = Projection.load(tmp_path / "old.safetensors", "weights", FEATURES)
    np.testing.assert_allclose(rows(loaded), rows(made(matrix)), atol=0.05)
