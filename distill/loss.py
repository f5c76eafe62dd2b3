"""The objective of distillation: soft targets and hard targets on the answer's tokens.

``alpha · T² · KL(teacher_T ‖ student_T) + (1 - alpha) · CE`` (Hinton, Vinyals, Dean 2015, arXiv:1503.02531).
T² keeps the gradient of the soft part at the scale of the hard one. With ``alpha = 0`` it is
sequence-level distillation (Kim & Rush 2016, arXiv:1606.07947): the teacher's answers are the targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

IGNORED = -100


@dataclass(frozen=True)
class Batch:
    """ids, attention, labels: (chats, tokens), padded on the right; labels are -100 where nothing is learned."""

    ids: Tensor
    attention: Tensor
    labels: Tensor

    @property
    def learned_mask(self) -> Tensor:
        """(chats, tokens): True where the NEXT token is learned."""
        shifted = self.labels.new_full(self.labels.shape, IGNORED)
        shifted[:, :-1] = self.labels[:, 1:]
        return shifted != IGNORED

    @property
    def targets(self) -> Tensor:
        """Ids of the tokens that are learned, (learned tokens,) int64."""
        return self.labels[:, 1:][self.learned_mask[:, :-1]]


def collate(rows: Sequence[tuple[list[int], list[int]]], pad_id: int, device: torch.device) -> Batch:
    """Pads (ids, mask) rows to a batch; mask is 1 on what has to be learned."""
    width = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([r + [pad_id] * (width - len(r)) for r, _ in rows], device=device)
    attention = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r, _ in rows], device=device)
    labels = [
        [i if m else IGNORED for i, m in zip(r, mask, strict=True)] + [IGNORED] * (width - len(r)) for r, mask in rows
    ]
    return Batch(ids, attention, torch.tensor(labels, device=device))


def answer_logits(model: PreTrainedModel, batch: Batch) -> Tensor:
    """(learned tokens, vocabulary), float32. Only these rows meet the output matrix: the vocabulary is large."""
    decoder = model.get_decoder()
    hidden = decoder(input_ids=batch.ids, attention_mask=batch.attention).last_hidden_state
    return model.get_output_embeddings()(hidden[batch.learned_mask]).float()


def soft_loss(teacher: Tensor, student: Tensor, temperature: float) -> Tensor:
    """T² · KL(teacher ‖ student) in nats a token, both softened by ``temperature``."""
    return temperature**2 * functional.kl_div(
        functional.log_softmax(student / temperature, dim=-1),
        functional.log_softmax(teacher / temperature, dim=-1),
        reduction="batchmean",
        log_target=True,
    )


def distillation_loss(teacher: Tensor, student: Tensor, targets: Tensor, alpha: float, temperature: float) -> Tensor:
    """The whole objective. A vocabulary padded to different widths is compared on the common part."""
    hard = functional.cross_entropy(student, targets)
    if alpha == 0:
        return hard
    width = min(teacher.shape[-1], student.shape[-1])
    return alpha * soft_loss(teacher[:, :width], student[:, :width], temperature) + (1 - alpha) * hard
