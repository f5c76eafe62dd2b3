"""Muon in float32, for pretraining the tiny models on any CPU.

Jordan et al. 2024 (https://kellerjordan.github.io/posts/muon/), scaled to AdamW's step as in Liu et al. 2025
(arXiv:2502.16982). ``torch.optim.Muon`` iterates in bfloat16: a CPU that has no such instructions emulates them
at a hundredth of the speed, and one that has them makes other models than one that has not.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch.optim.optimizer import ParamsT

MOMENTUM, STEPS, SMALLEST = 0.95, 5, 1e-7
A, B, C = 3.4445, -4.7750, 2.0315  # quintic with the steepest slope at 0 that still ends near 1


def orthogonalize(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest matrix with orthonormal rows or columns, roughly: singular values end between 0.5 and 1.5.

    Args:
        matrix: (rows, columns) float32.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    near = wide / wide.norm().clamp(min=SMALLEST)
    for _ in range(STEPS):
        gram = near @ near.T
        near = torch.addmm(near, torch.addmm(gram, gram, gram, beta=B, alpha=C), near, beta=A)
    return near if matrix.shape[0] <= matrix.shape[1] else near.T


class Muon(torch.optim.Optimizer):
    """Nesterov momentum whose step for each matrix is orthogonalized, with decoupled weight decay.

    Args:
        params: matrices (2-dimensional, float32).
        lr: learning rate that AdamW would have: a step's root mean square is 0.2 of it.
    """

    def __init__(self, params: ParamsT, lr: float, weight_decay: float) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Updates all matrices that have a gradient; a closure is not supported."""
        assert closure is None
        for group in self.param_groups:
            for matrix in (one for one in group["params"] if one.grad is not None):
                state = self.state[matrix]
                momentum = state.setdefault("momentum", torch.zeros_like(matrix))
                momentum.lerp_(matrix.grad, 1 - MOMENTUM)
                update = orthogonalize(matrix.grad.lerp(momentum, MOMENTUM))
                matrix.mul_(1 - group["lr"] * group["weight_decay"])
                matrix.add_(update, alpha=-0.2 * math.sqrt(max(matrix.shape)) * group["lr"])
