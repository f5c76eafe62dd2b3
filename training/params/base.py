"""The parameters of the base models."""

from __future__ import annotations

from pydantic import Field

from kefu.params import Section, Seed


class Base(Section):
    centre: str = Field(description="name in kefu/llm/models.py, Hugging Face id, or local folder")
    edge: str = Field(description="the same for the edge model, before it is distilled")
    revision: str | None = Field(None, description="hub revision of the centre model; None: newest")
    edge_revision: str | None = Field(None, description="hub revision of the edge model; None: newest")
    days: int = Field(gt=0, description="oldest days whose dialogues are pretrained on (tiny only, as all below)")
    wordings: int = Field(gt=0, description="of each FAQ entry, so many are pretrained on: its first")
    vocab_size: int = Field(gt=300, description="of the tokenizer that is trained")
    steps: int = Field(gt=0, description="optimizer steps of the centre model, however long they take")
    edge_steps: int = Field(gt=0, description="optimizer steps of the edge model, however long they take")
    batch_size: int = Field(gt=0, description="blocks a step")
    sequence_length: int = Field(gt=0, description="tokens")
    learning_rate: float = Field(gt=0, description="peak, of both models")
    save_steps: int = Field(
        ge=0, description="steps between two checkpoints, from which a killed run goes on; 0: none are written"
    )
    seed: Seed
