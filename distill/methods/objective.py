"""What a method of distillation gives the student's training loop (``distill/student.py``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from distill.pairs import PairBatch, Row
from distill.teacher import Model
from kefu.schema import Message


class Objective(Protocol):
    """The loss that the student lowers."""

    def rows(self, chats: Sequence[Sequence[Message]]) -> list[Row]:
        """Answered chats as both models read them, without those too long or not comparable."""
        ...

    def batches(self, student: Model, rows: Sequence[Row], step: int) -> list[PairBatch]:
        """The batches of one optimizer step, from its chats; the same for the same weights, chats and step.

        Args:
            step: from 1.
        """
        ...

    def loss(self, student: Model, batch: PairBatch) -> Tensor:
        """Sum over the learned tokens of a batch, in nats."""
        ...

    def measure(self, student: Model, rows: Sequence[Row]) -> dict[str, float]:
        """Held-out figures of the student, by name, each a mean over the learned tokens."""
        ...
