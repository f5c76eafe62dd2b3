"""The parameters of fine-tuning."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kefu.params import Section


class Finetune(Section):
    quantize: bool = Field(description="load the base in 4-bit NF4 (QLoRA)")
    dtype: Literal["float32", "bfloat16"]
    rank: int = Field(gt=0)
    alpha: int = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    learning_rate: float = Field(gt=0)
    epochs: float = Field(gt=0)
    max_steps: int = Field(description="-1: as many as epochs ask for")
    batch_size: int = Field(gt=0)
    gradient_accumulation: int = Field(gt=0)
    gradient_checkpointing: bool
    max_length: int = Field(gt=0, description="tokens")
    from_champion: bool = Field(description="start from the champion's adapter when there is one")
    seed: int
