"""Stops training at the first number that is not finite, and keeps such weights from being written.

One NaN spoils every weight within a step, and nothing behind it notices: the loss is logged as a number or
as nan, the stage ends well, and the next stages work for hours on a model that says nothing. So each loop
asks ``check_step`` after the backward pass, and whatever writes a model asks ``check_weights`` before.

The message is all a user sees: it names the place, the numbers, and what to try. Nothing was written then. A
folder that was there before stays; a stage of DVC removed it when it began, and its last good version is in
DVC's cache: `dvc checkout store/<folder>` brings it back, because dvc.lock still names it.

Knows no torch, as nothing in this package does: weights are anything with torch's ``aminmax``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kefu.errors import KefuError


class NotFinite(KefuError, ValueError):
    """A loss, a gradient or a weight is NaN or infinite; the message says where and what to do."""


def check_step(where: str, step: int, loss: float, grad_norm: float, learning_rate: float) -> None:
    """Raises NotFinite when a step's loss or gradient is no number to learn from.

    Args:
        where: section of params.yaml; behind a blank, which model, e.g. 'finetune' or 'base edge'.
        step: counted from 1.
        grad_norm: before clipping.
        learning_rate: as params.yaml gives it.
    """
    if math.isfinite(loss) and math.isfinite(grad_norm):
        return
    name = f"{where.split()[0]}.learning_rate"
    raise NotFinite(
        f"{where}: step {step}: loss {loss}, gradient norm {grad_norm} with {name} {learning_rate:g}: not finite, so "
        f"training stops and nothing is written: lower {name} (try {learning_rate / 10:g}) and run the stage again; "
        "if that changes nothing, look at the base model and at the chats"
    )


def check_loss(where: str, loss: float, todo: str) -> None:
    """Raises NotFinite when a measured loss is not finite.

    Args:
        where: stage and what was measured.
        todo: what the user can do.
    """
    if not math.isfinite(loss):
        raise NotFinite(f"{where}: {loss} is not finite, so nothing is written: {todo}")


def check_weights(where: str, weights: Mapping[str, Any], todo: str) -> None:
    """Raises NotFinite naming the first tensor that holds a NaN or an infinity.

    Args:
        where: stage and model.
        weights: a state dict of torch; tensors of whole numbers (packed 4-bit weights) are passed over.
        todo: what the user can do.
    """
    for name, tensor in weights.items():
        # aminmax passes a NaN on, and unlike isfinite needs no copy of a tensor that may be a gigabyte
        if tensor.is_floating_point() and tensor.numel():
            least, greatest = (float(value) for value in tensor.aminmax())
            if not (math.isfinite(least) and math.isfinite(greatest)):
                raise NotFinite(f"{where}: {name} holds weights that are not finite (NaN or infinite): {todo}")
