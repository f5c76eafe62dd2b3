"""How much memory a profile's fine-tuning takes, computed before a GPU is rented.

The real architecture is built on torch's ``meta`` device (shapes without storage), so the parameter
counts are the architecture's own. Weights, adapter and optimizer are exact; activations are a rough upper
estimate of what gradient checkpointing leaves; CUDA's own half gigabyte is not counted.

    python -m training.memory --profile qwen3-8b
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from rich.console import Console
from rich.table import Table
from transformers import PretrainedConfig, PreTrainedModel, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

from kefu.llm.models import MODELS, PUBLISHED, Published
from kefu.params import load_section, profiles
from training.params.base import Base
from training.params.finetune import Finetune

BLOCK, SUPERBLOCK = 64, 256  # weights a quantization constant, constants a second-level constant
NF4_BYTES = 0.5 + 1 / BLOCK + 4 / (BLOCK * SUPERBLOCK)  # 4 bits, an 8-bit constant, a float32 one above it
GB = 1e9


@dataclass(frozen=True)
class Memory:
    """Parameters are counts, all else bytes."""

    parameters: int
    quantized_parameters: int
    trainable_parameters: int
    full: float  # all weights in bfloat16
    weights: float  # as loaded: NF4 where quantized, bfloat16 elsewhere
    adapter: float  # weights, gradients and two Adam moments, float32
    activations: float

    @property
    def total(self) -> float:
        return self.weights + self.adapter + self.activations


def config_of(published: Published) -> PretrainedConfig:
    """The published architecture as a transformers config."""
    shape = published.shape
    common: dict[str, Any] = {
        "vocab_size": published.vocab_size,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "tie_word_embeddings": published.tied_embeddings,
        "rope_parameters": {"rope_type": "default", "rope_theta": published.rope_theta},
    }
    if published.model_type == "qwen2":
        return Qwen2Config(**common)
    return Qwen3Config(head_dim=shape.head_dim, **common)


def on_meta(name: str, rank: int, alpha: int) -> PeftModel:
    """A published model with its LoRA adapter, without storage."""
    published = PUBLISHED[name]
    kind: type[PreTrainedModel] = Qwen2ForCausalLM if published.model_type == "qwen2" else Qwen3ForCausalLM
    lora = LoraConfig(r=rank, lora_alpha=alpha, target_modules=list(MODELS[name].lora_targets), task_type="CAUSAL_LM")
    with torch.device("meta"):
        return get_peft_model(kind(config_of(published)), lora)


def estimate(name: str, tuning: Finetune) -> Memory:
    """Memory of fine-tuning the published model ``name`` with ``tuning``."""
    model = on_meta(name, tuning.rank, tuning.alpha)
    trainable, everything = model.get_nb_trainable_parameters()
    total = everything - trainable
    # bitsandbytes quantizes every linear layer but the output one
    linear = sum(p.numel() for n, p in model.named_parameters() if "proj" in n and "lora" not in n and p.dim() == 2)
    quantized = linear if tuning.quantize else 0
    return Memory(
        parameters=total,
        quantized_parameters=quantized,
        trainable_parameters=trainable,
        full=2.0 * total,
        weights=quantized * NF4_BYTES + 2.0 * (total - quantized),
        adapter=16.0 * trainable,
        activations=_activations(PUBLISHED[name], tuning),
    )


def _activations(published: Published, tuning: Finetune) -> float:
    """One bfloat16 state a layer, all of one layer, and the logits (bfloat16, float32, their gradient)."""
    shape, tokens = published.shape, tuning.batch_size * tuning.max_length
    inside = 2 * tokens * (8 * shape.hidden + 4 * shape.intermediate + 4 * shape.heads * shape.head_dim)
    kept = 2 * tokens * shape.hidden * shape.layers + inside
    return float(
        (kept if tuning.gradient_checkpointing else inside * shape.layers) + tokens * published.vocab_size * 10
    )


def table(name: str, memory: Memory) -> Table:
    shown = Table("", "", title=f"Fine-tuning {name}", show_header=False)
    shown.add_row("parameters", f"{memory.parameters:,}")
    shown.add_row("  of them in 4 bit", f"{memory.quantized_parameters:,}")
    shown.add_row("trainable (LoRA)", f"{memory.trainable_parameters:,}")
    shown.add_row("weights in bfloat16", f"{memory.full / GB:.2f} GB")
    shown.add_row("weights as loaded", f"{memory.weights / GB:.2f} GB ({memory.full / memory.weights:.2f} times less)")
    shown.add_row("adapter, gradients, optimizer", f"{memory.adapter / GB:.2f} GB")
    shown.add_row("activations (rough)", f"{memory.activations / GB:.2f} GB")
    shown.add_row("in all", f"{memory.total / GB:.2f} GB")
    return shown


def main() -> int:
    parser = ArgumentParser(description="Memory that fine-tuning takes")
    parser.add_argument("--profile", required=True, choices=profiles())
    profile = parser.parse_args().profile
    centre = load_section("base", Base, profile=profile).centre
    if centre not in PUBLISHED:
        Console(stderr=True).print(f"{centre} is not a published model; known: {', '.join(PUBLISHED)}")
        return 2
    Console().print(table(centre, estimate(centre, load_section("finetune", Finetune, profile=profile))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
