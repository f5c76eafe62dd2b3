"""The objective of distillation is what it says."""

from __future__ import annotations

import torch
from torch.nn import functional

from distill.loss import collate, columns, distillation_loss
from kefu.llm.chat import Rendered

CPU = torch.device("cpu")


def test_objective() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher, student = (torch.randn(5, 11, generator=generator) for _ in range(2))
    targets = torch.tensor([1, 2, 3, 4, 5])
    p, q = ((x / 2).softmax(-1) for x in (teacher, student))
    kl = (p * (p / q).log()).sum(-1).mean() * 4
    ce = functional.cross_entropy(student, targets)
    every = slice(11)
    torch.testing.assert_close(distillation_loss(teacher, student, targets, 0.3, 2.0, every), 0.3 * kl + 0.7 * ce)
    assert distillation_loss(teacher, teacher, targets, 1.0, 2.0, every).abs() < 1e-6


def test_columns_that_mean_nothing_to_both_do_not_count() -> None:
    """Rows of Qwen's output that no token belongs to, or that only one model knows, whatever stands there."""
    generator = torch.Generator().manual_seed(1)
    teacher, student = (torch.randn(5, 11, generator=generator) for _ in range(2))
    targets = torch.tensor([1, 2, 3, 4, 5])
    own = distillation_loss(teacher, student, targets, 1.0, 2.0, slice(11))
    wider = [torch.cat([x, 9 * torch.randn(5, 3, generator=generator)], dim=1) for x in (teacher, student)]
    torch.testing.assert_close(distillation_loss(wider[0], wider[1], targets, 1.0, 2.0, columns(range(11))), own)
    gaps = [torch.cat([x[:, :4], x[:, 4:5] * 0 + 7, x[:, 4:]], dim=1) for x in (teacher, student)]
    ids = [*range(4), *range(5, 12)]
    torch.testing.assert_close(distillation_loss(gaps[0], gaps[1], targets, 1.0, 2.0, columns(ids)), own)


def test_targets_are_the_next_learned_tokens() -> None:
    batch = collate([Rendered([1, 2, 3, 4], [0, 0, 1, 1]), Rendered([5, 6], [0, 1])], pad_id=0, device=CPU)
    assert batch.learned_mask.tolist() == [[False, True, True, False], [True, False, False, False]]
    assert batch.targets.tolist() == [3, 4, 6]
