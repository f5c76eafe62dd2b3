"""Off-policy: the student learns from answers that were written before, the teacher's and people's.

On their tokens it follows the teacher's logits (``distill/loss.py``), computed beside it, or cached once
(``distill/top_k.py``); with ``alpha: 0`` the answers alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from distill.loss import TopK, distillation_loss
from distill.pairs import ModelPair, PairBatch, Row, batches_of, rows_of, sum_over_tokens
from distill.params import Distill
from distill.scores import scores
from distill.teacher import Model
from kefu.schema import Message


class OffPolicy:
    """See ``Objective``."""

    def __init__(self, pair: ModelPair, params: Distill) -> None:
        self._pair, self._params = pair, params

    def rows(self, chats: Sequence[Sequence[Message]]) -> list[Row]:
        follow = self._pair.follow if self._pair.teacher and self._params.alpha else None
        return rows_of(chats, self._pair.learn, follow, self._params.max_length)

    def batches(self, student: Model, rows: Sequence[Row], step: int) -> list[PairBatch]:
        return batches_of(rows, self._params.batch_size, self._pair.learn.end_id)

    def loss(self, student: Model, batch: PairBatch) -> Tensor:
        params, shared = self._params, self._pair.shared

        def score(targets: Tensor, ours: Tensor, *theirs: Tensor) -> Tensor:
            soft = TopK(*theirs) if batch.top else theirs[0] if theirs else None
            return len(targets) * distillation_loss(soft, ours, targets, params.alpha, params.temperature, shared)

        return sum_over_tokens(score, student, self._pair.teacher, batch, params)

    def measure(self, student: Model, rows: Sequence[Row]) -> dict[str, float]:
        return scores(student, self._pair.teacher, rows, self._params, self._pair.learn.end_id, self._pair.shared)
