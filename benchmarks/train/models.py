"""Models of a given shape with random weights: speed and memory do not depend on what a model has learned."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

from kefu.llm.models import TinySize
from training import pretrain, tokenizer

TOKENS = 4096  # that are learned from the texts, at most; the output matrix may have more rows, as Qwen's has


def write_model(texts: Iterable[str], size: TinySize, vocabulary: int, folder: Path, seed: int = 0) -> None:
    """Writes a Hugging Face folder of Qwen3's architecture, with a tokenizer of ``texts``."""
    torch.manual_seed(seed)
    made = tokenizer.train(texts, min(TOKENS, vocabulary))
    ids = made.get_vocab()
    pretrain.save(pretrain.new_model(size, vocabulary, ids["<|im_end|>"], ids["<|endoftext|>"]), folder)
    tokenizer.save(made, folder)
