"""Gives back the memory of models that are no longer used."""

from __future__ import annotations

import gc

import torch


def free_memory() -> None:
    """Frees models that nothing but their own cycles refers to; the collector alone would run some time later."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
