"""TRL's trainer with the loss of the learned positions alone, on every device."""

from __future__ import annotations

from typing import Any, cast

import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel
from trl import SFTTrainer

from training.learned_loss import IGNORED, negative_log_likelihood
from training.trainer.workers import sum_gradients, sum_over_workers, worker_count, worker_rank


class AnswerTrainer(SFTTrainer):  # type: ignore[misc]  # TRL is not typed
    """Args: as TRL's."""

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """Nats a learned token, of all batches of a step together, as the Trainer counts them; of this worker's rows
        alone, so that the workers' losses add up to it."""
        ids, attention, labels = own_rows(inputs["input_ids"], inputs["attention_mask"], inputs["labels"])
        # Asked for here: accelerate puts it around the forward of the whole model, which is not called.
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=self.args.bf16):
            total = negative_log_likelihood(plain(cast(PeftModel, model)), ids, attention, labels)
        if num_items_in_batch is None:
            num_items_in_batch = (inputs["labels"][:, 1:] != IGNORED).sum().clamp(min=1)
        return total / num_items_in_batch

    def training_step(self, model: torch.nn.Module, *arguments: Any, **named: Any) -> Tensor:
        """Forward and backward pass of one batch; after the last one of a step all workers have its gradient."""
        loss: Tensor = super().training_step(model, *arguments, **named)
        if self.accelerator.sync_gradients:
            sum_gradients(model)
        return sum_over_workers(loss)


def own_rows(ids: Tensor, attention: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """This worker's rows of a batch; where it has fewer rows than there are workers, one of which nothing is learned.

    Args:
        ids, attention, labels: (chats, tokens).
    """
    own = slice(worker_rank(), None, worker_count())
    if worker_rank() < len(ids):
        return ids[own], attention[own], labels[own]
    return ids[:1], attention[:1], torch.full_like(labels[:1], IGNORED)


def plain(model: PeftModel) -> PreTrainedModel:
    """The transformers model, through an adapter that stays active."""
    return cast(PreTrainedModel, model.get_base_model())
