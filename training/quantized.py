"""Loads a base model for QLoRA: frozen, in 4-bit NF4 with double quantization (Dettmers et al. 2023, arXiv:2305.14314).

The same bitsandbytes code runs on a GPU and on the CPU; the CPU has no bfloat16 speed to gain in the
4-bit kernels, so ``tiny`` computes in float32.
"""

from __future__ import annotations

import torch
from bitsandbytes.nn import Linear4bit
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, PreTrainedModel
from transformers.utils import logging as transformers_logging

from kefu.llm.base_models import BaseModel
from training.params.finetune import Finetune


def on_gpu() -> bool:
    return torch.cuda.is_available()


def nf4(dtype: torch.dtype) -> BitsAndBytesConfig:
    """NF4 weights, 8-bit quantization constants, products computed in ``dtype``."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def load(base: BaseModel, params: Finetune) -> PreTrainedModel:
    """The base, quantized when the params say so, ready for an adapter."""
    transformers_logging.disable_progress_bar()  # one line a file read says nothing to the user
    dtype = getattr(torch, params.dtype)
    model = AutoModelForCausalLM.from_pretrained(
        base.folder,
        dtype=dtype,
        quantization_config=nf4(dtype) if params.quantize else None,
        device_map={"": 0} if on_gpu() else {"": "cpu"},
    )
    model.config.use_cache = False  # training never reads the cache, and checkpointing cannot keep it
    if params.quantize:
        _keep_differentiable(model)
    # Not PEFT's prepare_model_for_kbit_training: it would copy the embeddings to float32, 2.5 GB of Qwen3-8B's.
    return model.requires_grad_(False)


def _keep_differentiable(model: PreTrainedModel) -> None:
    """On CPUs with AVX-512 bfloat16, bitsandbytes repacks a layer's weights at its first forward in eval
    mode, for an inference kernel that has no gradient. Training after an evaluation would then go on
    with wrong gradients and only a warning."""
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
