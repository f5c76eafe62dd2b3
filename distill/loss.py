"""The objective of distillation: soft targets and hard targets on the answer's tokens.

``alpha · T² · KL(teacher_T ‖ student_T) + (1 - alpha) · CE`` (Hinton, Vinyals, Dean 2015, arXiv:1503.02531).
T² keeps the gradient of the soft part at the scale of the hard one. With ``alpha = 0`` it is
sequence-level distillation (Kim & Rush 2016, arXiv:1606.07947): the teacher's answers are the targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from kefu.llm.chat import Rendered
from training.learned_loss import IGNORED, learned_mask

Columns = slice | Tensor  # of logits: the ids that mean the same to both models


@dataclass(frozen=True)
class Batch:
    """ids, attention, labels: (chats, tokens), padded on the right; labels are -100 where nothing is learned."""

    ids: Tensor
    attention: Tensor
    labels: Tensor

    @property
    def learned_mask(self) -> Tensor:
        """(chats, tokens): True where the NEXT token is learned."""
        return learned_mask(self.labels)

    @property
    def targets(self) -> Tensor:
        """Ids of the tokens that are learned, (learned tokens,) int64."""
        return self.labels[:, 1:][self.learned_mask[:, :-1]]


class TopK(NamedTuple):
    """The teacher's likeliest tokens at each learned position, softened by the temperature.

    ids: (learned tokens, k) int32, places among the shared columns. log_probs: the same shape, float16.
    """

    ids: Tensor
    log_probs: Tensor


def columns(shared_ids: Sequence[int]) -> Columns:
    """Where the logits of ``shared_ids`` (ascending) stand: a slice where there is no gap, so nothing is copied."""
    if shared_ids[-1] == len(shared_ids) - 1:
        return slice(len(shared_ids))
    return torch.tensor(shared_ids)


def collate(rows: Sequence[Rendered], pad_id: int, device: torch.device) -> Batch:
    """Pads rows to a batch."""
    width = max(len(row.ids) for row in rows)
    ids = torch.tensor([row.ids + [pad_id] * (width - len(row.ids)) for row in rows], device=device)
    attention = torch.tensor([[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in rows], device=device)
    labels = [
        [i if m else IGNORED for i, m in zip(row.ids, row.mask, strict=True)] + [IGNORED] * (width - len(row.ids))
        for row in rows
    ]
    return Batch(ids, attention, torch.tensor(labels, device=device))


def soft_loss(teacher: Tensor, student: Tensor, temperature: float) -> Tensor:
    """T² · KL(teacher ‖ student) in nats a token, both softened by ``temperature``."""
    return temperature**2 * functional.kl_div(
        functional.log_softmax(student / temperature, dim=-1),
        functional.log_softmax(teacher / temperature, dim=-1),
        reduction="batchmean",
        log_target=True,
    )


def top_k_loss(teacher: TopK, student: Tensor, temperature: float) -> Tensor:
    """T² · KL(teacher ‖ student) in nats a token over the teacher's k likeliest tokens, and all others as one.

    Joining tokens never makes a KL greater, so it is at most ``soft_loss``, and equal to it when k is all tokens.

    Args:
        student: (learned tokens, shared columns).
    """
    ours = functional.log_softmax(student / temperature, dim=-1).gather(1, teacher.ids.long())
    return temperature**2 * functional.kl_div(
        _with_others(ours), _with_others(teacher.log_probs.float()), reduction="batchmean", log_target=True
    )


def _with_others(log_probs: Tensor) -> Tensor:
    """Appends the log-probability of all tokens that are not among those given, at least a millionth."""
    known = log_probs.exp().sum(-1, keepdim=True).clamp(max=1 - 1e-6)
    return torch.cat([log_probs, torch.log1p(-known)], dim=-1)


def distillation_loss(
    teacher: Tensor | TopK | None, student: Tensor, targets: Tensor, alpha: float, temperature: float, shared: Columns
) -> Tensor:
    """The whole objective. Soft targets are compared on the shared columns only; the others mean nothing to both.

    Args:
        teacher: (learned tokens, its vocabulary), or what is cached of it; None when ``alpha`` is 0.
        student: (learned tokens, its vocabulary).
        targets: (learned tokens,).
    """
    hard = functional.cross_entropy(student, targets)
    if teacher is None:
        return hard
    ours = student[:, shared]
    if isinstance(teacher, TopK):
        soft = top_k_loss(teacher, ours, temperature)
    else:
        soft = soft_loss(teacher[:, shared], ours, temperature)
    return alpha * soft + (1 - alpha) * hard
