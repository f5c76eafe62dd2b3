"""Supervised fine-tuning of the centre model: QLoRA on the answers that people gave.

Chats are rendered by kefu/llm/chat.py, not by TRL, so that training sees the tokens serving will; the labels
are -100 everywhere but on the last answer, so only that is learned and measured. Chats longer than
``max_length`` lose their oldest messages; one whose last exchange alone is too long is left out and counted.
"""

from __future__ import annotations

import logging
import math
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from peft import PeftModel
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, TrainerCallback
from trl import SFTTrainer

from kefu.errors import Unusable
from kefu.finite import check_loss, check_step, check_weights
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.progress import Tick, progress
from kefu.schema import Example
from kefu.split import sample_by_customer
from training import adapter, memory, quantized
from training.learned_loss import IGNORED, negative_log_likelihood
from training.params.finetune import Finetune
from training.precision import supported_precision
from training.trl_arguments import sft_config

logger = logging.getLogger(__name__)
TODO = (
    "lower finetune.batch_size (and raise finetune.gradient_accumulation) or finetune.max_length, set "
    "finetune.gradient_checkpointing or finetune.quantize to true, or choose a smaller base.centre"
)
EVALUATED = 64  # held-out chats whose loss is taken before and after
_NOT_OURS = (
    "the learning rate is not the cause; make or copy the base anew (dvc repro -f base), or, when the champion's "
    "adapter was continued, set finetune.from_champion to false"
)


@dataclass(frozen=True)
class Row:
    """Token ids of a chat, and the same ids as labels in its last answer (-100 elsewhere)."""

    input_ids: list[int]
    labels: list[int]


@dataclass(frozen=True)
class FinetuningResult:
    """Metrics, and (step, loss) along the way."""

    metrics: dict[str, float]
    losses: list[tuple[int, float]]


class Losses(TrainerCallback):
    """Moves the bar, keeps the losses for the plot, and ends training at the first that is not finite.

    Args:
        learning_rate: as the parameters give it, for the message.
        tick: of ``kefu.progress``.
    """

    def __init__(self, learning_rate: float, tick: Tick) -> None:
        self._learning_rate, self._tick = learning_rate, tick
        self.losses: list[tuple[int, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if not logs or "loss" not in logs:
            return
        loss, grad_norm = float(logs["loss"]), float(logs.get("grad_norm", 0.0))
        check_step("finetune", state.global_step, loss, grad_norm, self._learning_rate)
        self.losses.append((state.global_step, loss))
        self._tick(note=f"loss {loss:.3f}")


class AnswerTrainer(SFTTrainer):
    """TRL's trainer, whose loss is that of the learned positions alone on every device (training/learned_loss.py)."""

    def compute_loss(
        self,
        model: PeftModel,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """Nats a learned token; of all batches of a step together, as the Trainer counts them."""
        ids, labels = inputs["input_ids"], inputs["labels"]
        # Asked for here: accelerate puts it around the forward of the whole model, which is not called.
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=self.args.bf16):
            total = negative_log_likelihood(plain(model), ids, inputs["attention_mask"], labels)
        if num_items_in_batch is None:
            num_items_in_batch = (labels[:, 1:] != IGNORED).sum().clamp(min=1)
        return total / num_items_in_batch


def plain(model: PeftModel) -> PreTrainedModel:
    """The transformers model, through an adapter that stays active."""
    return cast(PreTrainedModel, model.get_base_model())


def rows(examples: Iterable[Example], renderer: ChatRenderer, max_length: int) -> list[Row]:
    """Renders chats for training; those without anything to learn within ``max_length`` are left out."""
    made = []
    for example in examples:
        messages = renderer.fit(example.messages, max_length)
        if messages is not None:
            rendered = renderer.render(messages)
            if rendered.learned:
                labels = [i if m else IGNORED for i, m in zip(rendered.ids, rendered.mask, strict=True)]
                made.append(Row(rendered.ids, labels))
    return made


@torch.no_grad()
def mean_loss(model: PeftModel, held_out: Sequence[Row]) -> float:
    """Negative log-likelihood in nats a learned token, over all chats."""
    training = model.training
    model.eval()
    total, count = 0.0, 0
    for row in held_out:
        device = next(model.parameters()).device
        ids, labels = (torch.tensor([values], device=device) for values in (row.input_ids, row.labels))
        total += float(negative_log_likelihood(plain(model), ids, torch.ones_like(ids), labels))
        count += sum(label != IGNORED for label in row.labels[1:])
    model.train(training)
    return total / count if count else float("nan")


def finetune(
    base: BaseModel, examples: Sequence[Example], params: Finetune, champion: Path | None, out: Path
) -> FinetuningResult:
    """Trains an adapter and writes it to ``out``.

    Args:
        examples: chats of both splits; 'eval' is only measured.
        champion: release folder of the champion, if there is one.

    Raises:
        Unusable: there is no chat to learn from.
        NotEnoughMemory: it would not fit.
        NotFinite: a weight, loss or gradient is NaN or infinite. What was in ``out`` stays.
    """
    params = params.model_copy(update={"dtype": supported_precision(params.dtype, "finetune")})
    renderer = ChatRenderer.from_folder(base.folder, base.facts.empty_think)
    chats = [example for example in examples if example.split == "train"]
    asked = sample_by_customer([e for e in examples if e.split == "eval"], EVALUATED, params.seed)
    train, held_out = (rows(some, renderer, params.max_length) for some in (chats, asked))
    if not train:
        raise Unusable("the SFT set has no training chat that fits max_length: raise it, or ingest more days")
    _check_memory(base, params)
    model, continued = adapter.attach(quantized.load(base, params), base, params, champion)
    check_weights("finetune: before step 1, the base model with its adapter", model.state_dict(), _NOT_OURS)
    before = _held_out_loss(model, held_out, "before step 1", _NOT_OURS)
    logger.info("%d chats to learn from, held-out loss %.3f before", len(train), before)
    started = time.monotonic()
    losses, tokens = _train(model, AutoTokenizer.from_pretrained(base.folder), train, params)
    seconds = time.monotonic() - started
    after = _held_out_loss(model, held_out, "after training", "lower finetune.learning_rate and run the stage again")
    logger.info("held-out loss %.3f after", after)
    adapter.save(model, base, out)
    trainable, total = model.get_nb_trainable_parameters()
    metrics = {
        "train_loss": sum(loss for _, loss in losses[-20:]) / len(losses[-20:]),
        "eval_loss_before": before,
        "eval_loss": after,
        "train_chats": float(len(train)),
        "left_out_too_long": float(len(chats) - len(train)),
        "trainable_parameters": float(trainable),
        "parameters": float(total),
        "tokens_per_second": tokens / seconds,
        "from_champion": float(continued),
    }
    return FinetuningResult(metrics, losses)


def _check_memory(base: BaseModel, params: Finetune) -> None:
    device = memory.this_device()
    needed = memory.finetune_memory(memory.of_folder(base.folder, base.facts.lora_targets), params, device)
    memory.check("finetune", needed, memory.free_bytes(device), TODO)


def _held_out_loss(model: PeftModel, held_out: Sequence[Row], when: str, todo: str) -> float:
    """Mean loss of some held-out chats; NaN when there are none. Raises NotFinite when it is not finite."""
    loss = mean_loss(model, held_out)
    if held_out:
        check_loss(f"finetune: held-out loss {when}", loss, todo)
    return loss


def _train(
    model: PeftModel, tokenizer: PreTrainedTokenizerBase, train: Sequence[Row], params: Finetune
) -> tuple[list[tuple[int, float]], float]:
    """Runs TRL's trainer; returns the losses and how many tokens it saw."""
    with tempfile.TemporaryDirectory() as scratch, progress("fine-tuning", _steps(len(train), params)) as tick:
        watch = Losses(params.learning_rate, tick)
        trainer = make_trainer(model, tokenizer, train, params, Path(scratch), watch)
        trainer.train()
    return watch.losses, float(trainer.state.num_input_tokens_seen)


def make_trainer(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Sequence[Row],
    params: Finetune,
    scratch: Path,
    watch: TrainerCallback,
) -> AnswerTrainer:
    """The trainer of ``finetune``, ready to train.

    Args:
        scratch: see ``sft_config``.
        watch: is told of every step.
    """
    weights = {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
    trainer = AnswerTrainer(
        model=model,
        args=sft_config(params, scratch),
        train_dataset=Dataset.from_list([{"input_ids": row.input_ids, "labels": row.labels} for row in train]),
        processing_class=tokenizer,
        callbacks=[watch],
    )
    for name, parameter in model.named_parameters():
        if name in weights:  # TRL rounded them to bfloat16, which small updates cannot move
            parameter.data = weights[name]
    trainer.remove_callback(PrinterCallback)  # it prints every step as a dict
    return trainer


def _steps(chats: int, params: Finetune) -> int:
    """Optimizer steps that the trainer will make, for the bar."""
    an_epoch = math.ceil(math.ceil(chats / params.batch_size) / params.gradient_accumulation)
    return params.max_steps if params.max_steps > 0 else math.ceil(params.epochs * an_epoch)
