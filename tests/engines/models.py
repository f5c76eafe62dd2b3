"""Tiny models for engines: random weights of both families, large enough that one token is clearly the likeliest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

from kefu.llm.base_models import copy_tokenizer

SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "max_position_embeddings": 512,
}


def write_model(kind: str, tokenizer: Path, vocab_size: int, out: Path) -> Path:
    """A random model, 'qwen2' (biases, an own output matrix) or 'qwen3' (norms of heads, tied embeddings).

    Args:
        tokenizer: folder of tokenizer.json.
    """
    torch.manual_seed(3)
    model: Any
    if kind == "qwen2":
        model = Qwen2ForCausalLM(Qwen2Config(vocab_size=vocab_size, tie_word_embeddings=False, **SHAPE))
    else:
        model = Qwen3ForCausalLM(Qwen3Config(vocab_size=vocab_size, tie_word_embeddings=True, head_dim=32, **SHAPE))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.mul_(6)
            elif name.endswith("bias"):
                weight.normal_(0, 0.5)
        control = sorted(Tokenizer.from_file(str(tokenizer / "tokenizer.json")).get_added_tokens_decoder())
        model.get_output_embeddings().weight[control] = 0  # never the likeliest: an answer ends at its limit
    model.save_pretrained(out)
    copy_tokenizer(tokenizer, out)
    return out


def logits(folder: Path, ids: list[list[int]]) -> torch.Tensor:
    """(batch, tokens, vocabulary) of transformers in float32."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(torch.tensor(ids)).logits
    return found


def log_probs_of(folder: Path) -> Callable[[Sequence[int]], np.ndarray]:
    """The model as a function: ids → (ids, vocabulary) log-probabilities of what follows each."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def log_probs(ids: Sequence[int]) -> np.ndarray:
        with torch.inference_mode():
            found: np.ndarray = model(torch.tensor([ids])).logits[0].log_softmax(-1).numpy()
        return found

    return log_probs
