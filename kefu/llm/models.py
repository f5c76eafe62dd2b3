"""What has to be known about a model, looked up by name: one sorted line a model.

A name that is not listed may still be used: a Hugging Face id or a local folder resolves with the
facts of its ``model_type``. ``size`` is only given for models that the ``base`` stage builds itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kefu.errors import Unusable


@dataclass(frozen=True)
class TinySize:
    """Shape of a decoder; of a Qwen3-architecture model, when the ``base`` stage pretrains it on a CPU."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int


@dataclass(frozen=True)
class ModelFacts:
    """How a family writes chats and what fine-tuning may touch.

    empty_think: the template opens the final assistant message with an empty ``<think>`` block when thinking is
        off (Qwen3, but not Qwen3-…-Instruct-2507). A folder's own template decides (``kefu/llm/base_models.py``);
        what stands here is for names without a folder.
    """

    family: Literal["chatml"]
    empty_think: bool
    lora_targets: tuple[str, ...]
    size: TinySize | None = None


ATTENTION_AND_MLP = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

MODELS: dict[str, ModelFacts] = {
    "Qwen/Qwen2.5-1.5B-Instruct": ModelFacts("chatml", False, ATTENTION_AND_MLP),
    "Qwen/Qwen3-1.7B": ModelFacts("chatml", True, ATTENTION_AND_MLP),
    "Qwen/Qwen3-8B": ModelFacts("chatml", True, ATTENTION_AND_MLP),
    "tiny-qwen3": ModelFacts("chatml", True, ATTENTION_AND_MLP, TinySize(256, 4, 4, 2, 64, 768)),
    "tiny-qwen3-edge": ModelFacts("chatml", True, ATTENTION_AND_MLP, TinySize(160, 3, 4, 2, 40, 480)),
}

BY_MODEL_TYPE: dict[str, ModelFacts] = {
    "llama": ModelFacts("chatml", False, ATTENTION_AND_MLP),
    "qwen2": ModelFacts("chatml", False, ATTENTION_AND_MLP),
    "qwen3": ModelFacts("chatml", True, ATTENTION_AND_MLP),
}


@dataclass(frozen=True)
class Published:
    """What a hub model's config.json says: enough to build it without weights and to count its memory."""

    model_type: Literal["qwen2", "qwen3"]
    shape: TinySize
    vocab_size: int
    tied_embeddings: bool
    rope_theta: float = 1e6


PUBLISHED: dict[str, Published] = {
    "Qwen/Qwen2.5-1.5B-Instruct": Published("qwen2", TinySize(1536, 28, 12, 2, 128, 8960), 151936, True),
    "Qwen/Qwen3-1.7B": Published("qwen3", TinySize(2048, 28, 16, 8, 128, 6144), 151936, True),
    "Qwen/Qwen3-8B": Published("qwen3", TinySize(4096, 36, 32, 8, 128, 12288), 151936, False),
}


def facts(name: str, model_type: str | None = None) -> ModelFacts:
    """Facts of a listed model, or of its architecture when only that is known."""
    if name in MODELS:
        return MODELS[name]
    if model_type in BY_MODEL_TYPE:
        return BY_MODEL_TYPE[model_type]
    raise Unusable(
        f"model {name!r}: unknown, as is its model_type {model_type!r}. Known names: {', '.join(MODELS)}; "
        f"known model types: {', '.join(BY_MODEL_TYPE)}: add a line to kefu/llm/models.py"
    )
