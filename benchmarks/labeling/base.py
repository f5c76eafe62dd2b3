"""The rows of the comparison that stand on the base model: its states as they are, and fine-tuned."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.labeling.hidden import Reader, beside_ngrams, frozen
from benchmarks.labeling.methods import Scores
from benchmarks.labeling.tuned import fine_tuned


def methods(base: Path) -> dict[str, Scores]:
    """Raises FileNotFoundError when there is no model in the folder: ``make demo`` builds one."""
    if not (base / "config.json").is_file():
        raise FileNotFoundError(f"{base} holds no model; `make demo` builds one in store/base/centre")
    reader = Reader(base)
    return {
        "base model's hidden states, middle layer": partial(frozen, reader=reader, layer=reader.layers // 2),
        "base model's hidden states, last layer": partial(frozen, reader=reader, layer=reader.layers),
        "n-grams beside hidden states": partial(beside_ngrams, reader=reader),
        "base model fine-tuned, with a head": partial(fine_tuned, reader=reader),
    }
