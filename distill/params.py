"""The parameters of distillation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kefu.params import Section, Seed


class Distill(Section):
    method: Literal["cross-tokenizer", "off-policy", "on-policy"] = Field(
        description="off-policy: the student learns from the centre model's answers, and people's; on-policy: from its "
        "own, which the centre model scores; cross-tokenizer: as off-policy, between two tokenizers"
    )
    examples: int = Field(gt=0, description="prompts that the centre model answers")
    max_new_tokens: int = Field(gt=0, description="of each answer of the centre model")
    quantize_teacher: bool = Field(description="4-bit teacher, when it shares a GPU with the student")
    rank: int | None = Field(description="LoRA rank of the student, merged in the end; None: all its weights learn")
    max_useless: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share of the centre model's answers that may be unfinished, empty or loops; more: error",
    )
    teacher_answers: bool = Field(
        True,
        description="learn on the centre model's answers; False: on people's alone, with the centre model's logits on "
        "them, or with alpha 0 without it: plain fine-tuning",
    )
    human_answers: bool = Field(description="also learn on as many chats that people answered")
    alpha: float = Field(ge=0, le=1, description="weight of the comparison of logits; the rest is cross-entropy")
    temperature: float = Field(gt=0, description="of both models' logits where they are compared; greater is softer")
    top_k: int = Field(
        ge=0,
        description="likeliest tokens of the centre model at each position that are computed once, before the student "
        "learns and without the centre model beside it (off-policy); 0: all tokens, computed while it learns",
    )
    beta: float = Field(
        ge=0,
        le=1,
        description="0: KL from the centre model to the student; 1: the reverse; between: Jensen-Shannon (on-policy, "
        "and for the tokens that both have, cross-tokenizer)",
    )
    learning_rate: float = Field(gt=0, description="peak")
    epochs: float = Field(gt=0, description="passes over the answers")
    save_steps: int = Field(
        ge=0,
        description="steps, and batches of the centre model's answers, between two checkpoints, from which a killed "
        "run goes on; 0: none are written",
    )
    patience: int = Field(
        ge=0,
        description="checks of the held-out loss, one every save_steps, without a lower one before training stops and "
        "the best weights are kept; 0: all steps are made and the last weights kept",
    )
    batch_size: int = Field(gt=0, description="chats a forward pass")
    gradient_accumulation: int = Field(gt=0, description="forward passes a step")
    gradient_checkpointing: bool = Field(description="compute the student's activations twice, to save memory")
    answer_batch_size: int = Field(gt=0, description="prompts that the centre model answers at once")
    max_length: int = Field(gt=0, description="tokens of a chat; longer ones are left out")
    dtype: Literal["float32", "bfloat16"] = Field(
        description="of the centre model, of the computation, and of the edge model under LoRA"
    )
    seed: Seed

    @model_validator(mode="after")
    def _fits(self) -> Distill:
        if self.max_new_tokens >= self.max_length:
            raise ValueError("distill.max_new_tokens must be below distill.max_length")
        if self.patience and not self.save_steps:
            raise ValueError("distill.patience counts checks every distill.save_steps, which must then be above 0")
        if not self.teacher_answers and (self.method == "on-policy" or not self.human_answers):
            raise ValueError(
                "distill.teacher_answers false leaves people's answers to learn: set distill.human_answers to true, "
                "and distill.method to off-policy or cross-tokenizer"
            )
        if self.method == "on-policy" and (self.alpha < 1 or self.human_answers):
            raise ValueError(
                "distill.method on-policy learns from the student's own answers alone, which nobody has to imitate: "
                "set distill.alpha to 1 and distill.human_answers to false, or distill.method to off-policy"
            )
        if self.method == "cross-tokenizer" and not self.alpha:
            raise ValueError(
                "distill.method cross-tokenizer compares logits, of which distill.alpha 0 learns nothing: raise it, or "
                "set distill.method to off-policy"
            )
        if self.top_k and (self.method != "off-policy" or not self.alpha):
            raise ValueError(
                "distill.top_k is for distill.method off-policy with distill.alpha above 0: set it to 0, or these so"
            )
        return self

    @property
    def needs_teacher(self) -> bool:
        """Whether the centre model is loaded: its answers or its logits are learned."""
        return self.alpha > 0 or self.teacher_answers

    @property
    def compares_tokens(self) -> bool:
        """Whether both models' logits are compared token by token, for which they need one vocabulary."""
        return self.alpha > 0 and self.method != "cross-tokenizer"


class FormBounds(Section):
    """A bound for each form of the centre model, of its difference from the form before (``distill/parity.py``)."""

    adapter: float = Field(ge=0, description="the adapter apart, on the base in its own precision; before: as trained")
    merged: float = Field(ge=0, description="the adapter merged into the base; before: apart")
    served: float = Field(ge=0, description="the release's folder in serving's engine; before: merged, in memory")


class EngineWeights(Section):
    """Weights for the OpenVINO engine, beside the safetensors of each model; what has them is served by it."""

    centre: Literal["none", "f16", "int8", "int4"] = Field(
        description="of the centre model; none: transformers runs it"
    )
    edge: Literal["none", "f16", "int8", "int4"] = Field(description="of the edge model; none: transformers runs it")


class Export(Section):
    engine_weights: EngineWeights = Field(description="for many chats at once on a CPU (docs/guides/engines.md)")
    engine_max_kl: float = Field(
        ge=0, description="greatest KL from a model to its engine's weights, in nats a token of the parity chats"
    )
    engine_min_agreement: float = Field(
        ge=0, description="least share of tokens that a model and its engine's weights both find likeliest"
    )
    parity_chats: int = Field(ge=0, description="held-out chats that every form of the centre model is sent; 0: none")
    max_kl: FormBounds = Field(description="greatest KL from the form before, in nats a token")
    min_agreement: FormBounds = Field(description="least share of tokens that both forms find likeliest")
    max_loss_rise: float = Field(
        ge=0, description="how far any form's loss may stand above the trained one's, in nats a token"
    )
    general_tokens: int = Field(
        ge=0,
        description="tokens of an answer to each of 100 general questions, on which the distance of the centre model "
        "from its base is measured (promote bounds general.kl); 0: it is not measured",
    )
    cascade_chats: int = Field(
        ge=0,
        description="held-out chats that both models answer, to calibrate when the edge's is given; 0: none",
    )
    cascade_max_new_tokens: int = Field(gt=0, description="of each of these answers")
    seed: Seed
