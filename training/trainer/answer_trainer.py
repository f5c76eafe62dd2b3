"""TRL's trainer with the loss of the learned positions alone, on every device."""

from __future__ import annotations

from typing import cast

import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel
from trl import SFTTrainer

from training.learned_loss import IGNORED, negative_log_likelihood


class AnswerTrainer(SFTTrainer):  # type: ignore[misc]  # TRL is not typed
    """Args: as TRL's."""

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """Nats a learned token; of all batches of a step together, as the Trainer counts them."""
        ids, labels = inputs["input_ids"], inputs["labels"]
        # Asked for here: accelerate puts it around the forward of the whole model, which is not called.
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=self.args.bf16):
            total = negative_log_likelihood(plain(cast(PeftModel, model)), ids, inputs["attention_mask"], labels)
        if num_items_in_batch is None:
            num_items_in_batch = (labels[:, 1:] != IGNORED).sum().clamp(min=1)
        return total / num_items_in_batch


def plain(model: PeftModel) -> PreTrainedModel:
    """The transformers model, through an adapter that stays active."""
    return cast(PreTrainedModel, model.get_base_model())
