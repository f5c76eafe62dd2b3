"""The parameters of fine-tuning."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from kefu.params import Section, Seed


class Preferences(Section):
    """Direct preference optimization on people's corrections, after the chats (training/trainer/preferences.py)."""

    epochs: float = Field(ge=0, description="passes over the pairs; 0: none are learned")
    beta: float = Field(gt=0, description="the higher, the nearer the model stays to what the chats taught it")
    sft_weight: float = Field(ge=0, description="weight of the chosen answer's own loss, the anchor; of DPO it is 1")
    learning_rate_share: float = Field(gt=0, le=1, description="peak rate as a share of finetune.learning_rate")


class Replay(Section):
    """Questions of earlier days with the champion's own answers (data/sets/replay.py)."""

    share: float = Field(ge=0, le=1, description="of the older days' rows that the champion is asked; 0: none")
    max_new_tokens: int = Field(gt=0, description="of an answer; a longer one is not learned")
    batch_size: int = Field(gt=0, description="questions that are answered at once")
    max_repetition: float = Field(ge=0, le=1, description="share of repeated 4-grams above which an answer is looping")


class Finetune(Section):
    quantize: bool = Field(description="load the base in 4-bit NF4 (QLoRA)")
    dtype: Literal["float32", "bfloat16"] = Field(description="of the computation; bfloat16 on a GPU")
    rank: int = Field(gt=0, description="LoRA rank")
    alpha: int = Field(gt=0, description="LoRA scale: updates count alpha / rank")
    adapted_layers: int = Field(
        ge=0, description="upper layers with an adapter, 0: all; below them the backward pass ends, which saves time"
    )
    dropout: float = Field(ge=0, lt=1, description="LoRA dropout, a probability; its random numbers cost a CPU time")
    learning_rate: float = Field(gt=0, description="peak")
    epochs: float = Field(gt=0, description="passes over the training set; max_steps may end them")
    max_steps: int = Field(description="-1: as many as epochs ask for")
    batch_size: int = Field(gt=0, description="chats a forward pass")
    gradient_accumulation: int = Field(gt=0, description="forward passes a step")
    workers: int = Field(
        gt=0,
        description="processes that share each forward pass, by Ray Train (RAY_ADDRESS: of a cluster); one a GPU; "
        "batch_size is of all together, so it is a multiple of it",
    )
    gradient_checkpointing: bool = Field(description="compute activations twice, to save memory")
    max_length: int = Field(gt=0, description="tokens")
    save_steps: int = Field(
        ge=0, description="steps between two checkpoints, from which a killed run goes on; 0: none are written"
    )
    patience: int = Field(
        ge=0,
        description="checks of the held-out loss, one every save_steps, without a lower one before training stops and "
        "the best weights are kept; 0: all steps are made and the last weights kept",
    )
    from_champion: bool = Field(description="start from the champion's adapter when there is one")
    replay: Replay = Field(description="only where the champion's adapter is continued")
    preferences: Preferences = Field(description="learned from the set's pairs, when there are any")
    seed: Seed

    def passes(self, chats: int) -> int:
        """How often some chats are read, the last time perhaps not all of them."""
        if self.max_steps <= 0:
            return math.ceil(self.epochs)
        return math.ceil(self.max_steps * self.batch_size * self.gradient_accumulation / max(1, chats))

    @model_validator(mode="after")
    def _fits(self) -> Finetune:
        if self.patience and not self.save_steps:
            raise ValueError("finetune.patience counts checks every finetune.save_steps, which must then be above 0")
        if self.batch_size % self.workers:
            raise ValueError(
                f"finetune.workers: {self.workers} cannot share finetune.batch_size {self.batch_size}: make it a "
                "multiple, and finetune.gradient_accumulation smaller, as the chats of a step are their product"
            )
        return self
