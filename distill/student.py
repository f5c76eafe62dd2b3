"""Trains the edge model on the centre model's answers and logits.

All weights learn (``tiny``, whose student is young), or a LoRA that is merged in the end (GPU profiles:
the frozen student stays in bfloat16, whose steps are too coarse for small updates of its own weights).
The plain loop is ours, because TRL's distillation trainers either generate while they train or know no
precomputed answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from torch.nn import functional
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel, set_seed

from distill.loss import Batch, Columns, collate, distillation_loss, soft_loss
from distill.params import Distill
from distill.teacher import Model, device
from kefu.finite import check_loss, check_step, check_weights
from kefu.io import atomic_dir
from kefu.llm.base_models import BaseModel, copy_tokenizer
from kefu.llm.chat import Rendered
from kefu.progress import LogFigures, ignore_figures, training_progress
from training.checkpoints import Checkpoints, EarlyStopping, Losses, is_due, load_state, save_state
from training.learned_loss import learned_states, sum_in_pieces

WARMUP = 0.05  # share of the steps
FIGURES = ("student_loss", "teacher_loss", "student_kl", "student_agreement")  # the first alone without a teacher


class Row(NamedTuple):
    """A chat as each model reads it, with the same learned tokens; teacher: None when its logits are not asked."""

    student: Rendered
    teacher: Rendered | None


class PairBatch(NamedTuple):
    """Some chats, padded, for each model."""

    student: Batch
    teacher: Batch | None


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


def plain(model: Model) -> PreTrainedModel:
    """The transformers model, through an adapter that stays active."""
    return cast(PreTrainedModel, model.get_base_model()) if isinstance(model, PeftModel) else model


def steps(rows: Sequence[Row], params: Distill, pad_id: int, seed: int) -> list[list[PairBatch]]:
    """One epoch: for each step its batches, of chats of similar length (little padding), in an order of ``seed``."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(rows), generator=generator).tolist()
    order.sort(key=lambda i: len(rows[i].student.ids) // 16)
    size = params.batch_size * params.gradient_accumulation
    groups = [[rows[i] for i in order[start : start + size]] for start in range(0, len(order), size)]
    shuffled = torch.randperm(len(groups), generator=generator).tolist()
    return [_batches(groups[g], params.batch_size, pad_id) for g in shuffled]


def _batches(rows: Sequence[Row], size: int, pad_id: int) -> list[PairBatch]:
    return [_pair(rows[start : start + size], pad_id) for start in range(0, len(rows), size)]


def _pair(rows: Sequence[Row], pad_id: int) -> PairBatch:
    teacher = [row.teacher for row in rows if row.teacher]
    student = collate([row.student for row in rows], pad_id, device())
    return PairBatch(student, collate(teacher, pad_id, device()) if teacher else None)


def _schedule(rows: Sequence[Row], params: Distill, pad_id: int) -> Iterator[tuple[list[PairBatch], float]]:
    """Each step's batches with its learning rate: warm-up, then cosine to a tenth."""
    rounds = [steps(rows, params, pad_id, params.seed + e) for e in range(math.ceil(params.epochs))]
    every = [step for one in rounds for step in one][: math.ceil(params.epochs * len(rounds[0]))]
    warmup = max(1, int(WARMUP * len(every)))
    for number, step in enumerate(every):
        decay = 0.1 + 0.45 * (1 + math.cos(math.pi * max(0, number - warmup) / max(1, len(every) - warmup)))
        yield step, params.learning_rate * min((number + 1) / warmup, decay)


def train(
    student: Model,
    teacher: Model | None,
    rows: Sequence[Row],
    params: Distill,
    pad_id: int,
    shared: Columns,
    checkpoints: Checkpoints | None = None,
    held_out_loss: Callable[[], float] | None = None,
    log: LogFigures = ignore_figures,
) -> Losses:
    """Trains ``student`` in place, from the newest checkpoint on; returns (step from 1, loss).

    Args:
        teacher: None when nothing is learned from its logits (``alpha`` 0).
        shared: columns of both models' logits that mean the same.
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
    schedule = list(_schedule(rows, params, pad_id))
    with training_progress("student", len(schedule), losses, log) as shown:
        for step, (batches, rate) in enumerate(schedule[len(losses) :], len(losses) + 1):
            if stopping.has_ended:
                break
            optimizer.param_groups[0]["lr"] = rate
            loss = sum(_backward(student, teacher, batch, _share(batch, batches), params, shared) for batch in batches)
            norm = float(torch.nn.utils.clip_grad_norm_(weights, 1.0))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            check_step("distill", step, loss, norm, params.learning_rate)
            losses.append((step, loss))
            shown.step(step, loss, sum(int(batch.student.attention.sum()) for batch in batches))
            if not is_due(step, len(schedule), params.save_steps):
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


def _share(batch: PairBatch, step: Sequence[PairBatch]) -> float:
    """Share of a step's learned tokens: with it, several small batches give the gradient of one great one."""
    return len(batch.student.targets) / sum(len(one.student.targets) for one in step)


def _backward(
    student: Model, teacher: Model | None, batch: PairBatch, weight: float, params: Distill, shared: Columns
) -> float:
    """Adds the gradients of one batch; returns its weighted loss."""

    def score(targets: Tensor, ours: Tensor, theirs: Tensor | None = None) -> Tensor:
        return len(targets) * distillation_loss(theirs, ours, targets, params.alpha, params.temperature, shared)

    loss = weight * _sum(score, student, teacher, batch, params) / len(batch.student.targets)
    loss.backward()
    return float(loss.detach())


def _sum(
    score: Callable[..., Tensor], student: Model, teacher: Model | None, batch: PairBatch, params: Distill
) -> Tensor:
    """Sum of ``score`` over the learned tokens of a batch, whose logits are never in memory all at once.

    Args:
        score: takes targets (tokens,), the student's logits (tokens, vocabulary) float32 and, where there is a
            teacher, its logits; returns a sum over the tokens.
    """
    ours = plain(student).get_output_embeddings()
    theirs = plain(teacher).get_output_embeddings() if teacher and batch.teacher else None

    def of_states(targets: Tensor, own: Tensor, *other: Tensor) -> Tensor:
        with torch.no_grad():
            soft = [theirs(states).float() for states in other] if theirs else []
        return score(targets, ours(own).float(), *soft)

    # A LoRA would multiply in float32 without autocast.
    with torch.autocast(device().type, torch.bfloat16, enabled=params.dtype == "bfloat16"):
        rows = [batch.student.targets, _states(student, batch.student)]
        if teacher and batch.teacher:
            with torch.no_grad():
                rows.append(_states(teacher, batch.teacher))
        widths = ours.weight.shape[0] + (theirs.weight.shape[0] if theirs else 0)
        return sum_in_pieces(of_states, rows, widths)


def _states(model: Model, batch: Batch) -> Tensor:
    """(learned tokens, hidden size)"""
    return learned_states(plain(model), batch.ids, batch.attention, batch.labels).hidden


@torch.no_grad()
def scores(
    student: Model, teacher: Model | None, rows: Sequence[Row], params: Distill, pad_id: int, shared: Columns
) -> dict[str, float]:
    """Over all learned tokens of ``rows``: the losses of student and teacher (nats a token), the student's ``kl`` from
    the teacher (nats a token) and ``agreement`` (share of tokens that both find likeliest).

    Without a teacher only ``student_loss``: two models with different tokens have nothing to compare.
    """

    def score(targets: Tensor, ours: Tensor, theirs: Tensor | None = None) -> Tensor:
        found = [functional.cross_entropy(ours, targets)]
        if theirs is not None:
            found.append(functional.cross_entropy(theirs, targets))
            ours, theirs = ours[:, shared], theirs[:, shared]
            found += [soft_loss(theirs, ours, 1.0), (ours.argmax(-1) == theirs.argmax(-1)).float().mean()]
        return len(targets) * torch.stack(found).double()

    student.eval()
    batches = _batches(rows, 1, pad_id)
    count = sum(len(batch.student.targets) for batch in batches)
    sums = [_sum(score, student, teacher, batch, params).tolist() for batch in batches]
    return {name: sum(figures) / count for name, figures in zip(FIGURES, zip(*sums, strict=True), strict=False)}


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
