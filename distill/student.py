"""Trains the edge model on the centre model's answers and logits.

All weights learn (``tiny``, whose student is young), or a LoRA that is merged in the end (GPU profiles:
the frozen student stays in bfloat16, whose steps are too coarse for small updates of its own weights).
The plain loop is ours, because TRL's distillation trainers either generate while they train or know no
precomputed answers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, PreTrainedModel, set_seed

from distill.loss import Batch, answer_logits, collate, distillation_loss, soft_loss
from distill.params import Distill
from distill.teacher import Model, device
from kefu.finite import check_step, check_weights
from kefu.io import atomic_dir
from kefu.llm.base_models import BaseModel, copy_tokenizer
from kefu.progress import progress

Row = tuple[list[int], list[int]]  # token ids of a chat; 1 where the student learns, else 0
WARMUP = 0.05  # share of the steps


def load_student(base: BaseModel, params: Distill) -> Model:
    """The edge's base with trainable weights: float32 all of them, or a float32 LoRA on ``dtype``.

    Raises:
        NotFinite: a weight of the base is NaN or infinite.
    """
    set_seed(params.seed)
    dtype = torch.float32 if params.rank is None else getattr(torch, params.dtype)
    model = AutoModelForCausalLM.from_pretrained(base.folder, dtype=dtype, device_map={"": device()})
    check_weights("distill: the edge's base", model.state_dict(), "make or copy it anew: dvc repro -f base")
    if params.rank is None:
        return model
    config = LoraConfig(
        r=params.rank, lora_alpha=2 * params.rank, target_modules=list(base.facts.lora_targets), task_type="CAUSAL_LM"
    )
    return get_peft_model(model, config)


def plain(model: Model) -> PreTrainedModel:
    """The transformers model, through an adapter that stays active."""
    return cast(PreTrainedModel, model.get_base_model()) if isinstance(model, PeftModel) else model


def batches(rows: Sequence[Row], size: int, pad_id: int, seed: int) -> list[Batch]:
    """Batches of chats of similar length (little padding), in an order that ``seed`` decides."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(rows), generator=generator).tolist()
    order.sort(key=lambda i: len(rows[i][0]) // 16)
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    shuffled = torch.randperm(len(groups), generator=generator).tolist()
    return [collate([rows[i] for i in groups[g]], pad_id, device()) for g in shuffled]


def _schedule(rows: Sequence[Row], params: Distill, pad_id: int) -> Iterator[tuple[Batch, float]]:
    """Each batch with its learning rate: warm-up, then cosine to a tenth."""
    rounds = [batches(rows, params.batch_size, pad_id, params.seed + e) for e in range(math.ceil(params.epochs))]
    every = [batch for one in rounds for batch in one][: math.ceil(params.epochs * len(rounds[0]))]
    warmup = max(1, int(WARMUP * len(every)))
    for step, batch in enumerate(every):
        decay = 0.1 + 0.45 * (1 + math.cos(math.pi * max(0, step - warmup) / max(1, len(every) - warmup)))
        yield batch, params.learning_rate * min((step + 1) / warmup, decay)


def train(student: Model, teacher: Model, rows: Sequence[Row], params: Distill, pad_id: int) -> list[tuple[int, float]]:
    """Trains ``student`` in place; returns (step, loss). Raises NotFinite at the first that is not finite."""
    weights = [p for p in student.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, params.learning_rate, betas=(0.9, 0.95), weight_decay=0.01)
    losses: list[tuple[int, float]] = []
    student.train()
    steps = list(_schedule(rows, params, pad_id))
    with progress("student", len(steps)) as tick:
        for step, (batch, rate) in enumerate(steps):
            optimizer.param_groups[0]["lr"] = rate
            loss, norm = _step(student, teacher, batch, optimizer, params)
            check_step("distill", step + 1, loss, norm, params.learning_rate)
            losses.append((step, loss))
            tick(note=f"loss {loss:.3f}")
    student.eval()
    return losses


def _step(
    student: Model,
    teacher: Model,
    batch: Batch,
    optimizer: torch.optim.Optimizer,
    params: Distill,
) -> tuple[float, float]:
    """Learns one batch; returns its loss and gradient norm."""
    with torch.no_grad():
        soft = answer_logits(plain(teacher), batch) if params.alpha else torch.empty(0)
    loss = distillation_loss(
        soft, answer_logits(plain(student), batch), batch.targets, params.alpha, params.temperature
    )
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_([p for p in student.parameters() if p.requires_grad], 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach()), float(norm)


@torch.no_grad()
def scores(model: Model, teacher: Model, rows: Sequence[Row], pad_id: int) -> dict[str, float]:
    """Over all learned tokens of ``rows``: ``loss`` (nats a token), ``kl`` from the teacher (nats a token),
    ``agreement`` (share of tokens that both find likeliest)."""
    model.eval()
    sums = torch.zeros(3, dtype=torch.float64)
    count = 0
    for row in rows:
        batch = collate([row], pad_id, device())
        ours, theirs = answer_logits(plain(model), batch), answer_logits(plain(teacher), batch)
        width = min(ours.shape[-1], theirs.shape[-1])
        learned = len(batch.targets)
        sums[0] += float(torch.nn.functional.cross_entropy(ours, batch.targets)) * learned
        sums[1] += float(soft_loss(theirs[:, :width], ours[:, :width], 1.0)) * learned
        sums[2] += float((ours.argmax(-1) == theirs.argmax(-1)).sum())
        count += learned
    return {name: float(value) / count for name, value in zip(("loss", "kl", "agreement"), sums, strict=True)}


def save(student: PreTrainedModel | PeftModel, base: BaseModel, out: Path) -> None:
    """Writes the student as a plain Hugging Face folder, with the tokenizer of its base; a LoRA is merged.

    Raises:
        NotFinite: a weight is NaN or infinite. The folder is left as it was.
    """
    model = student.merge_and_unload() if isinstance(student, PeftModel) else student
    check_weights(
        "distill: the trained edge", model.state_dict(), "lower distill.learning_rate and run the stage again"
    )
    with atomic_dir(out) as folder:
        model.save_pretrained(folder)
        copy_tokenizer(base.folder, folder)
