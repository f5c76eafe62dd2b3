"""Trains the edge model on the centre model's answers and logits.

All weights learn (``tiny``, whose student is young), or a LoRA that is merged in the end (GPU profiles:
the frozen student stays in bfloat16, whose steps are too coarse for small updates of its own weights).
What it learns from is a method's business (``distill/methods/``). The plain loop is ours: it resumes at any step, and
TRL's trainers give both models the same token ids, where ours may read a chat in two templates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel, set_seed

from distill.methods.objective import Objective
from distill.pairs import PairBatch, Row
from distill.params import Distill
from distill.teacher import Model, device
from kefu.finite import check_loss, check_step, check_weights
from kefu.io import atomic_dir
from kefu.llm.base_models import BaseModel, copy_tokenizer
from kefu.progress import LogFigures, ignore_figures, training_progress
from training.checkpoints import Checkpoints, EarlyStopping, Losses, is_due, load_state, save_state

WARMUP = 0.05  # share of the steps


def load_student(base: BaseModel, params: Distill) -> Model:
    """The edge's base with trainable weights: float32 all of them, or a float32 LoRA on ``dtype``.

    Raises:
        NotFinite: a weight of the base is NaN or infinite.
    """
    set_seed(params.seed)
    dtype = torch.float32 if params.rank is None else getattr(torch, params.dtype)
    model = AutoModelForCausalLM.from_pretrained(base.folder, dtype=dtype, device_map={"": device()})
    if params.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    check_weights("distill: the edge's base", model.state_dict(), "make or copy it anew: dvc repro -f base")
    if params.rank is None:
        return model
    config = LoraConfig(
        r=params.rank, lora_alpha=2 * params.rank, target_modules=list(base.facts.lora_targets), task_type="CAUSAL_LM"
    )
    return get_peft_model(model, config)


def schedule(rows: Sequence[Row], params: Distill) -> list[tuple[list[Row], float]]:
    """Each step's chats with its learning rate: warm-up, then cosine to a tenth."""
    rounds = [_epoch(rows, params, params.seed + e) for e in range(math.ceil(params.epochs))]
    every = [step for one in rounds for step in one][: math.ceil(params.epochs * len(rounds[0]))]
    warmup, rated = max(1, int(WARMUP * len(every))), []
    for number, step in enumerate(every):
        decay = 0.1 + 0.45 * (1 + math.cos(math.pi * max(0, number - warmup) / max(1, len(every) - warmup)))
        rated.append((step, params.learning_rate * min((number + 1) / warmup, decay)))
    return rated


def _epoch(rows: Sequence[Row], params: Distill, seed: int) -> list[list[Row]]:
    """For each step chats of similar length (little padding), in an order of ``seed``."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(rows), generator=generator).tolist()
    order.sort(key=lambda i: len(rows[i].student.ids) // 16)
    size = params.batch_size * params.gradient_accumulation
    groups = [[rows[i] for i in order[start : start + size]] for start in range(0, len(order), size)]
    return [groups[g] for g in torch.randperm(len(groups), generator=generator).tolist()]


def train(
    student: Model,
    objective: Objective,
    rows: Sequence[Row],
    params: Distill,
    checkpoints: Checkpoints | None = None,
    held_out_loss: Callable[[], float] | None = None,
    log: LogFigures = ignore_figures,
) -> Losses:
    """Trains ``student`` in place, from the newest checkpoint on; returns (step from 1, loss).

    Args:
        objective: what it learns from them.
        checkpoints: of a run with the same inputs; None: none are read or written.
        held_out_loss: what ``patience`` waits for, in nats a token; None: it waits for nothing.
        log: gets the figures of each step while it runs.

    Raises:
        NotFinite: at the first loss or gradient that is not finite.
    """
    weights = [p for p in student.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, params.learning_rate, betas=(0.9, 0.95), weight_decay=0.01)
    stopping = EarlyStopping(params.patience if held_out_loss else 0)
    checkpoint = checkpoints.newest() if checkpoints else None
    losses = load_state(checkpoint, student, [optimizer], stopping) if checkpoint else []
    student.train()
    steps = schedule(rows, params)
    with training_progress("student", len(steps), losses, log) as shown:
        for step, (chats, rate) in enumerate(steps[len(losses) :], len(losses) + 1):
            if stopping.has_ended:
                break
            optimizer.param_groups[0]["lr"] = rate
            batches = objective.batches(student, chats, step)
            loss = backward(student, objective, batches)
            norm = float(torch.nn.utils.clip_grad_norm_(weights, 1.0))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            check_step("distill", step, loss, norm, params.learning_rate)
            losses.append((step, loss))
            shown.step(step, loss, sum(int(batch.student.attention.sum()) for batch in batches))
            if not is_due(step, len(steps), params.save_steps):
                continue
            if stopping.patience and held_out_loss:
                _check_held_out(student, step, held_out_loss(), stopping, log)
            if checkpoints:
                with checkpoints.write(step) as folder:
                    save_state(folder, student, [optimizer], losses, stopping)
    stopping.restore_best(student)
    student.eval()
    return losses


def _check_held_out(student: Model, step: int, loss: float, stopping: EarlyStopping, log: LogFigures) -> None:
    check_loss(f"distill: held-out loss at step {step}", loss, "lower distill.learning_rate and run the stage again")
    log(step, {"held_out_loss": loss})
    stopping.check(step, loss, student)
    student.train()


def backward(student: Model, objective: Objective, batches: Sequence[PairBatch]) -> float:
    """Adds the gradients of a step, those of one great batch; returns its loss in nats a learned token."""
    count, total = sum(len(batch.student.targets) for batch in batches), 0.0
    for batch in batches:
        loss = objective.loss(student, batch) / count
        loss.backward()
        total += float(loss.detach())
    return total


def save(student: PreTrainedModel | PeftModel, base: BaseModel, out: Path) -> None:
    """Writes the student as a plain Hugging Face folder, in its base's precision, with its tokenizer; a LoRA is merged.

    Raises:
        NotFinite: a weight is NaN or infinite. The folder is left as it was.
    """
    model = student.merge_and_unload() if isinstance(student, PeftModel) else student
    model = torch.nn.Module.to(model, AutoConfig.from_pretrained(base.folder).dtype or torch.float32)
    check_weights(
        "distill: the trained edge", model.state_dict(), "lower distill.learning_rate and run the stage again"
    )
    with atomic_dir(out) as folder:
        model.save_pretrained(folder)
        copy_tokenizer(base.folder, folder)
