"""What the student is measured by: its losses, and how far it is from its teacher."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from distill.loss import Columns, soft_loss
from distill.pairs import Row, batches_of, sum_over_tokens
from distill.params import Distill
from distill.teacher import Model

FIGURES = ("student_loss", "teacher_loss", "student_kl", "student_agreement")  # the first alone without a teacher


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
    batches = batches_of(rows, 1, pad_id)
    count = sum(len(batch.student.targets) for batch in batches)
    sums = [sum_over_tokens(score, student, teacher, batch, params).tolist() for batch in batches]
    return {name: sum(figures) / count for name, figures in zip(FIGURES, zip(*sums, strict=True), strict=False)}
