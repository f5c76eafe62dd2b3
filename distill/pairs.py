"""Chats as two models read them, in batches, and sums over the tokens that are learned of them.

Each model reads a chat in its own template (Qwen3 opens with an empty thought, Qwen2.5 does not). Where logits are
compared position by position, both learn the very same tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel

from distill.loss import Batch, Columns, TopK, collate
from distill.params import Distill
from distill.teacher import Model, device
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer, Rendered
from kefu.schema import Message
from training.learned_loss import learned_states, sum_in_pieces


class ModelPair(NamedTuple):
    """The two models of a distillation, as far as the student's loss needs them.

    teacher: None when its logits are not asked. learn, follow: renderers of student and teacher.
    shared: columns of both models' logits that mean the same.
    """

    centre: BaseModel
    edge: BaseModel
    teacher: Model | None
    learn: ChatRenderer
    follow: ChatRenderer
    shared: Columns


class Row(NamedTuple):
    """A chat as each model reads it. teacher: None when its logits are not asked. top: those that are cached."""

    student: Rendered
    teacher: Rendered | None
    top: TopK | None = None


class PairBatch(NamedTuple):
    """Some chats, padded, for each model."""

    student: Batch
    teacher: Batch | None = None
    top: TopK | None = None


def rows_of(
    chats: Sequence[Sequence[Message]],
    learn: ChatRenderer,
    follow: ChatRenderer | None,
    max_length: int,
    same_tokens: bool = True,
) -> list[Row]:
    """Each chat as the student reads it, and as the teacher does, whose template may be another one.

    A chat is left out when it does not fit, or when the two do not learn the very same tokens, position by position.

    Args:
        learn: the student's renderer.
        follow: the teacher's; None when its logits are not asked.
        max_length: tokens of the student's chat.
        same_tokens: False: the two have different tokenizers.
    """
    made = []
    for chat in chats:
        fit = learn.fit(chat, max_length)
        if not fit:
            continue
        ours, theirs = learn.render(fit), follow.render(fit) if follow else None
        if ours.learned and (theirs is None or not same_tokens or theirs.learned == ours.learned):
            made.append(Row(ours, theirs))
    return made


def prompts_of(chats: Sequence[Sequence[Message]], learn: ChatRenderer, follow: ChatRenderer) -> list[Row]:
    """Each chat up to where the assistant has to speak, as student and teacher read it."""
    return [Row(_unanswered(learn.prompt(chat)), _unanswered(follow.prompt(chat))) for chat in chats]


def _unanswered(ids: list[int]) -> Rendered:
    return Rendered(ids, [0] * len(ids))


def batches_of(rows: Sequence[Row], size: int, pad_id: int) -> list[PairBatch]:
    """Pads rows to batches of ``size`` chats, in their order."""
    return [_pair(rows[start : start + size], pad_id) for start in range(0, len(rows), size)]


def _pair(rows: Sequence[Row], pad_id: int) -> PairBatch:
    teacher, tops = [row.teacher for row in rows if row.teacher], [row.top for row in rows if row.top]
    student = collate([row.student for row in rows], pad_id, device())
    top = TopK(*(torch.cat(parts).to(device()) for parts in zip(*tops, strict=True))) if tops else None
    return PairBatch(student, collate(teacher, pad_id, device()) if teacher and not top else None, top)


def plain(model: Model) -> PreTrainedModel:
    """The transformers model, through an adapter that stays active."""
    return cast(PreTrainedModel, model.get_base_model()) if isinstance(model, PeftModel) else model


def autocast(params: Distill) -> torch.autocast:
    """Multiplies in ``dtype``: a LoRA would multiply in float32 without it."""
    return torch.autocast(device().type, torch.bfloat16, enabled=params.dtype == "bfloat16")


def states_of(model: Model, batch: Batch) -> Tensor:
    """(learned tokens, hidden size): what the learned tokens are predicted from."""
    return learned_states(plain(model), batch.ids, batch.attention, batch.labels).hidden


def sum_over_tokens(
    score: Callable[..., Tensor], student: Model, teacher: Model | None, batch: PairBatch, params: Distill
) -> Tensor:
    """Sum of ``score`` over the learned tokens of a batch, whose logits are never in memory all at once.

    Args:
        score: takes targets (tokens,), the student's logits (tokens, vocabulary) float32 and, where there is a
            teacher, its logits, or what is cached of them; returns a sum over the tokens.
    """
    ours = plain(student).get_output_embeddings()
    theirs = plain(teacher).get_output_embeddings() if teacher and batch.teacher else None

    def of_states(targets: Tensor, own: Tensor, *other: Tensor) -> Tensor:
        with torch.no_grad():
            soft = [theirs(states).float() for states in other] if theirs else other
        return score(targets, ours(own).float(), *soft)

    with autocast(params):
        rows = [batch.student.targets, states_of(student, batch.student)]
        if teacher and batch.teacher:
            with torch.no_grad():
                rows.append(states_of(teacher, batch.teacher))
        rows += batch.top or ()
        widths = ours.weight.shape[0] + (theirs.weight.shape[0] if theirs else 0)
        return sum_in_pieces(of_states, rows, widths)
