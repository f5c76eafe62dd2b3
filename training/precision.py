"""In which precision a model is computed, bfloat16 only where the device multiplies it natively, and what a CPU keeps.

A CPU without AVX512_BF16 emulates bfloat16: a linear layer of a 0.5 B model takes 3.7 times the CPU seconds of float32
(docs/measurements/train.md). There float32 is computed instead, which takes twice the memory and says so once.
"""

from __future__ import annotations

import logging
import os
from typing import Literal

import torch

logger = logging.getLogger(__name__)
Precision = Literal["float32", "bfloat16"]
KERNEL_CACHES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")  # oneDNN's, and that of PyTorch above it
KERNELS = 64  # in each cache: layers of one kind share them, so a step is as fast as with 1,024


def native_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 without emulating it."""
    return bool(torch.cpu._is_avx512_bf16_supported())


def supported_precision(wanted: Precision, section: str) -> Precision:
    """``wanted``, or float32 where bfloat16 would be emulated; that is logged as a warning.

    Args:
        section: of params.yaml, for the message, e.g. 'finetune'.
    """
    if wanted == "float32" or torch.cuda.is_available() or native_bf16():
        return wanted
    logger.warning(
        "%s.dtype: bfloat16, but this CPU emulates it, several times slower: computing in float32, with twice the "
        "memory. Set it to float32 to lose this line, or run on a GPU",
        section,
    )
    return "float32"


def bound_kernel_caches() -> None:
    """Bounds how many products a CPU remembers how to compute, before it computes the first one.

    Each is of one shape, and training has new ones at nearly every step: of 1,024, the default of both caches, none is
    used again. They also lie between freed activations, which are then not given back (docs/measurements/train.md).
    Both caches read the environment once, at their first product in bfloat16. What it names already stays.
    """
    for name in KERNEL_CACHES:
        os.environ.setdefault(name, str(KERNELS))
