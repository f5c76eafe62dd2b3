"""How much memory fine-tuning takes, computed from shapes before anything is loaded.

The architecture is built on torch's ``meta`` device (shapes without storage), so parameter counts are its own.
Weights, adapter and optimizer are exact; activations count what autograd keeps of a Qwen-like layer;
the logits are those of a piece (``training.learned_loss``). The libraries and CUDA's context (some 0.5 GB) are not
counted. Measured against processes on a CPU by tests/models/test_memory.py. All stages: ``kefu plan``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import psutil
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel, Qwen2Config, Qwen3Config

from kefu.errors import KefuError
from kefu.llm.models import MODELS, PUBLISHED, Published
from training.learned_loss import PIECE
from training.params.finetune import Finetune

BLOCK, SUPERBLOCK = 64, 256  # weights a quantization constant, constants a second-level constant
NF4_BYTES = 0.5 + 1 / BLOCK + 4 / (BLOCK * SUPERBLOCK)  # 4 bits, an 8-bit constant, a float32 one above it
INT4_GROUP = 128  # weights that share a float16 scale and a 4-bit zero point, as AWQ stores them
INT4_BYTES = 0.5 + (2 + 0.5) / INT4_GROUP
TRAINED_BYTES = 16.0  # of a trained weight: itself, its gradient and Adam's two moments, in float32
GB = 1e9
Device = Literal["cpu", "gpu"]
BYTES = {"float32": 4, "bfloat16": 2}


class NotEnoughMemory(KefuError, MemoryError):
    """A stage would not fit; the message says what it needs, what there is, and what to change."""


@dataclass(frozen=True)
class Memory:
    """Bytes, of what one moment of a stage holds at once.

    weights: as loaded. trained: weights that learn, with gradients and optimizer. activations: kept for the backward
    pass. logits: with what is made of them. cache: keys and values of answers that are being written.
    """

    weights: float
    trained: float = 0.0
    activations: float = 0.0
    logits: float = 0.0
    cache: float = 0.0

    @property
    def total(self) -> float:
        return self.weights + self.trained + self.activations + self.logits + self.cache


@dataclass(frozen=True)
class Architecture:
    """Sizes of a decoder, counted on ``meta``.

    linear: weights of the linear layers inside, which are quantized. table: of the token embeddings, or of the output
    matrix. lora_sides: the sum of in and out over all adapted matrices; times the rank it is the size of an adapter.
    """

    parameters: int
    linear: int
    table: int
    tied: bool
    lora_sides: int
    layers: int
    hidden: int
    queries: int
    keys: int
    intermediate: int
    vocabulary: int

    def nf4_weights(self, precision: str) -> float:
        """Bytes as bitsandbytes loads it: NF4 inside, ``precision`` for embeddings and output."""
        return self.linear * NF4_BYTES + BYTES[precision] * float(self.parameters - self.linear)

    def plain_weights(self, precision: str) -> float:
        return BYTES[precision] * float(self.parameters)

    def int4_weights(self, table: Literal["int8", "bfloat16"]) -> float:
        """Bytes of an int4 folder.

        Args:
            table: of the embeddings. With int8 the output matrix is int4; with bfloat16 both are, as in AWQ folders.
        """
        others = 2.0 * (self.parameters - self.linear - self.table * (1 if self.tied else 2))
        if table == "bfloat16":
            return self.linear * INT4_BYTES + 2.0 * self.table * (1 if self.tied else 2) + others
        return self.linear * INT4_BYTES + self.table * (1.0 if self.tied else 1.0 + INT4_BYTES) + others

    def activations(self, tokens: int, precision: str, checkpointing: bool, dropout: bool = False) -> float:
        """Bytes that autograd keeps of ``tokens`` tokens for a LoRA on all linear layers.

        Of each layer: norms and residuals (8 hidden), queries with keys and values repeated to their number, rotated
        and attended (6), gate, up, their product and the silu between (4 intermediate). Checkpointing keeps one
        state a layer, and all of the layer that is computed anew. Dropout keeps each adapted input, and its mask.
        """
        inside = self.layer(tokens, precision)
        if dropout:
            inside += 2.0 * BYTES[precision] * tokens * (5 * self.hidden + self.queries + self.intermediate)
        if checkpointing:
            return inside + BYTES[precision] * tokens * self.layers * self.hidden
        return inside * self.layers

    def layer(self, tokens: int, precision: str) -> float:
        """Bytes of all that one layer makes of ``tokens`` tokens."""
        return float(BYTES[precision] * tokens * (8 * self.hidden + 6 * self.queries + 4 * self.intermediate))

    def passing(self, tokens: int, precision: str) -> float:
        """Bytes that a forward pass without gradients holds at once: some states, and the feed-forward layer."""
        return float(BYTES[precision] * tokens * 3 * (self.hidden + self.intermediate))

    def cache(self, tokens: int, precision: str) -> float:
        """Bytes of the keys and values of ``tokens`` tokens."""
        return float(2 * self.layers * self.keys * tokens * BYTES[precision])


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


def on_meta(config: PretrainedConfig, lora_targets: tuple[str, ...], rank: int = 1) -> PeftModel:
    """A model with a LoRA adapter, without storage."""
    lora = LoraConfig(r=rank, lora_alpha=rank, target_modules=list(lora_targets), task_type="CAUSAL_LM")
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
        return get_peft_model(model, lora)


def count(config: PretrainedConfig, lora_targets: tuple[str, ...]) -> Architecture:
    """Counts the weights of an architecture."""
    model = on_meta(config, lora_targets)
    trainable, everything = model.get_nb_trainable_parameters()
    # bitsandbytes quantizes every linear layer but the output one
    linear = sum(p.numel() for n, p in model.named_parameters() if "proj" in n and "lora" not in n and p.dim() == 2)
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return Architecture(
        parameters=everything - trainable,
        linear=linear,
        table=config.vocab_size * config.hidden_size,
        tied=bool(config.tie_word_embeddings),
        lora_sides=trainable,
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        queries=config.num_attention_heads * head,
        keys=config.num_key_value_heads * head,
        intermediate=config.intermediate_size,
        vocabulary=config.vocab_size,
    )


def of_published(name: str) -> Architecture:
    """A model of the hub, without the hub."""
    return count(config_of(PUBLISHED[name]), MODELS[name].lora_targets)


def of_folder(folder: Path, lora_targets: tuple[str, ...]) -> Architecture:
    """A model that lies in a folder; only its config.json is read."""
    return count(AutoConfig.from_pretrained(folder), lora_targets)


def finetune_memory(centre: Architecture, params: Finetune, device: Device) -> Memory:
    """The worst moment of ``finetune``: the end of a forward pass over a worker's share of a batch of longest chats."""
    tokens = params.batch_size // params.workers * params.max_length
    adapted = params.adapted_layers or centre.layers
    learning = replace(centre, layers=adapted, lora_sides=centre.lora_sides * adapted // centre.layers)
    weights = centre.nf4_weights(params.dtype) if params.quantize else centre.plain_weights(params.dtype)
    return Memory(
        weights=weights + _loaded_twice(centre, params.quantize, device),
        trained=TRAINED_BYTES * params.rank * learning.lora_sides,
        activations=learning.activations(tokens, params.dtype, params.gradient_checkpointing, params.dropout > 0),
        logits=piece_memory(tokens, centre.vocabulary, copies=3),
    )


def _loaded_twice(model: Architecture, quantize: bool, device: Device) -> float:
    """On a CPU the checkpoint's own pages stay in memory beside the 4-bit weights that are made of them."""
    return 2.0 * model.linear if quantize and device == "cpu" else 0.0


def piece_memory(tokens: int, width: int, copies: int) -> float:
    """Bytes of the logits that are in memory at once, float32.

    Args:
        width: logits of a token, of all models that are compared.
        copies: of them: log-probabilities, gradients.
    """
    return 4.0 * copies * min(PIECE, tokens * width)


def free_bytes(device: Device) -> float:
    """Memory that a stage can have now."""
    if device == "gpu":
        return float(torch.cuda.mem_get_info()[0])
    return float(psutil.virtual_memory().available)


def this_device() -> Device:
    return "gpu" if torch.cuda.is_available() else "cpu"


def check(stage: str, memory: Memory, free: float, todo: str) -> None:
    """Raises NotEnoughMemory when a stage needs more than there is.

    Args:
        free: bytes.
        todo: which parameters make it smaller.
    """
    if memory.total <= free:
        return
    parts = {"weights": memory.weights, "adapter and optimizer": memory.trained, "activations": memory.activations}
    parts |= {"logits": memory.logits, "cache": memory.cache}
    shown = ", ".join(f"{name} {size / GB:.1f}" for name, size in parts.items() if size)
    raise NotEnoughMemory(
        f"{stage}: needs about {memory.total / GB:.1f} GB ({shown}), and {free / GB:.1f} GB are free: {todo}; "
        "`kefu plan` shows all stages"
    )
