"""Several processes that train one adapter: each computes a share of every batch, and all of them the same gradient.

All workers draw the same batches; of each one a worker takes every nth row (``own_rows``). Losses are sums over the
learned tokens of the whole step, so the gradients add up to those of one worker (``sum_gradients``). An adapter is
small, so one exchange a step, after the backward pass, is enough. torch's DistributedDataParallel exchanges inside the
forward pass of the whole model, which the learned loss does not call (``training/learned_loss.py``): it would wait for
ever. TRL's trainer knows nothing of the others. Without torch's process group there is one worker, and nothing changes.

The processes are those of ``training/trainer/ray_workers.py``. Not covered: dropout, whose random numbers are each
worker's own, so that a run with it that goes on after a kill has not quite the curve of one that did not stop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, distributed

T = TypeVar("T")


def worker_count() -> int:
    """Processes that train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def worker_rank() -> int:
    """Number of this process among them. The first, 0, writes what is written."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def own_share(items: Sequence[T]) -> Sequence[T]:
    """Every nth item, from this worker's number on."""
    return items[worker_rank() :: worker_count()]


def from_first(make: Callable[[], T]) -> T:
    """What ``make`` returns in the first worker, for all of them; the others wait for it.

    Args:
        make: called by the first worker alone; its result is picklable.
    """
    if worker_count() == 1:
        return make()
    made: list[Any] = [make() if worker_rank() == 0 else None]
    distributed.broadcast_object_list(made, src=0)
    return cast(T, made[0])


def sum_over_workers(numbers: Tensor) -> Tensor:
    """The sum of all workers' ``numbers``, the same bits in each; in place."""
    if worker_count() > 1:
        distributed.all_reduce(numbers)
    return numbers


def share_weights(model: torch.nn.Module) -> None:
    """Gives all workers the first one's trained weights: equal seeds make equal ones on equal machines alone."""
    if worker_count() > 1:
        for weight in _trained(model):
            distributed.broadcast(weight.data, src=0)


def sum_gradients(model: torch.nn.Module) -> None:
    """Replaces the gradients of the trained weights by their sums over all workers, in one exchange."""
    if worker_count() == 1:
        return
    weights = _trained(model)
    gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
    sums = sum_over_workers(torch.cat([gradient.reshape(-1) for gradient in gradients]))
    for weight, gradient in zip(weights, sums.split([w.numel() for w in weights]), strict=True):
        weight.grad = gradient.view_as(weight)


def _trained(model: torch.nn.Module) -> list[torch.nn.Parameter]:
    return [weight for weight in model.parameters() if weight.requires_grad]
