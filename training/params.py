"""The parameters of base models, router, retriever and fine-tuning."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kefu.params import Folds, Section


class Base(Section):
    centre: str = Field(description="name in kefu/llm/models.py, Hugging Face id, or local folder")
    edge: str
    revision: str | None = Field(None, description="hub revision of the centre model; None: newest")
    edge_revision: str | None = Field(None, description="hub revision of the edge model; None: newest")
    days: int = Field(gt=0, description="oldest days whose dialogues are pretrained on (tiny only, as all below)")
    vocab_size: int = Field(gt=300, description="of the tokenizer that is trained")
    steps: int = Field(gt=0, description="optimizer steps of the centre model, however long they take")
    edge_steps: int = Field(gt=0, description="optimizer steps of the edge model, however long they take")
    batch_size: int = Field(gt=0, description="blocks a step")
    sequence_length: int = Field(gt=0, description="tokens")
    learning_rate: float = Field(gt=0)
    seed: int


class Router(Section):
    features: int = Field(gt=0)
    ngrams: tuple[int, int]
    encoder: Literal["none", "use-multilingual"] = Field(
        "none", description="kefu/text/encoders.py; others need kefu[encoder]"
    )
    regularization: float = Field(gt=0)
    examples: float = Field(0.0, ge=0, description="what an example of the pack counts beside a labelled turn; 0: none")
    folds: Folds = Field(description="for out-of-fold calibration; 3 or more")
    seed: int


class Retriever(Section):
    dim: int = Field(gt=0, description="of the dense vectors")
    features: int = Field(gt=0)
    ngrams: tuple[int, int]
    seed: int


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
