"""Chats as rows of tokens, their loss, and the training on them with TRL's SFTTrainer.

Chats are rendered by kefu/llm/chat.py, not by TRL, so that training sees the tokens serving will; the labels
are -100 everywhere but on the last answer, so only that is learned and measured.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PrinterCallback, TrainerCallback

from kefu.io import read_json
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.progress import LogFigures, training_progress
from kefu.schema import Example
from training.checkpoints import Checkpoints, EarlyStopping, Losses
from training.learned_loss import IGNORED, negative_log_likelihood
from training.params.finetune import Finetune
from training.trainer.answer_trainer import plain
from training.trainer.resumable_trainer import (
    TRAINER_STATE,
    HeldOutWatch,
    LossWatch,
    ResumableTrainer,
    exact_adapter,
    losses_of,
    newest_checkpoint,
)
from training.trainer.trl_arguments import sft_config
from training.trainer.workers import own_share, sum_over_workers


@dataclass(frozen=True)
class Row:
    """Token ids of a chat, and the same ids as labels in its last answer (-100 elsewhere)."""

    input_ids: list[int]
    labels: list[int]


@dataclass(frozen=True)
class ChatRun:
    """What this process did of a training.

    losses: (step from 1, loss) of all steps, those of an earlier process too.
    resumed: steps that an earlier process made.
    tokens, seconds: of this process.
    """

    losses: Losses
    resumed: int
    tokens: int
    seconds: float
    stopping: EarlyStopping


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
    """Negative log-likelihood in nats a learned token, over all chats; each worker computes a share of them."""
    training, device = model.training, next(model.parameters()).device
    model.eval()
    total, count = 0.0, sum(label != IGNORED for row in held_out for label in row.labels[1:])
    for row in own_share(held_out):
        ids, labels = (torch.tensor([values], device=device) for values in (row.input_ids, row.labels))
        total += float(negative_log_likelihood(plain(model), ids, torch.ones_like(ids), labels))
    model.train(training)
    total = float(sum_over_workers(torch.tensor(total, dtype=torch.float64, device=device)))
    return total / count if count else float("nan")


def train_on_chats(
    model: PeftModel,
    base: BaseModel,
    train: Sequence[Row],
    held_out: Sequence[Row],
    params: Finetune,
    checkpoints: Checkpoints | None,
    log: LogFigures,
) -> ChatRun:
    """Trains the adapter on some chats, from the newest checkpoint on.

    Args:
        held_out: whose loss ``patience`` waits for; none: it waits for nothing.
        log: gets the figures of each step while it runs.
    """
    checkpoint = newest_checkpoint(checkpoints)
    saved = read_json(checkpoint / TRAINER_STATE) if checkpoint else {}
    earlier, read = losses_of(saved.get("log_history", [])), int(saved.get("num_input_tokens_seen", 0))
    stopping = EarlyStopping(params.patience if held_out else 0)
    with (
        tempfile.TemporaryDirectory() as scratch,
        training_progress("fine-tuning", _steps(len(train), params), earlier, log) as shown,
    ):
        tokenizer = AutoTokenizer.from_pretrained(base.folder)
        watch = LossWatch(params.learning_rate, shown, read)
        trainer = make_trainer(model, tokenizer, train, params, Path(scratch), watch, checkpoints is not None)
        trainer.checkpoints, trainer.stopping = checkpoints, stopping
        if stopping.patience:
            trainer.add_callback(HeldOutWatch(stopping, lambda: mean_loss(model, held_out), params.save_steps, log))
        started = time.monotonic()
        losses = trainer.run(checkpoint)
        seconds = time.monotonic() - started
    stopping.restore_best(model)
    tokens = max(int(trainer.state.num_input_tokens_seen) - read, 0)
    return ChatRun(losses, len(earlier), tokens, seconds, stopping)


def make_trainer(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Sequence[Row],
    params: Finetune,
    scratch: Path,
    watch: TrainerCallback,
    saves: bool = False,
) -> ResumableTrainer:
    """The trainer of ``finetune``, ready to train.

    Args:
        scratch, saves: see ``sft_config``.
        watch: is told of every step.
    """
    with exact_adapter(model):
        trainer = ResumableTrainer(
            model=model,
            args=sft_config(params, scratch, saves),
            train_dataset=Dataset.from_list([{"input_ids": row.input_ids, "labels": row.labels} for row in train]),
            processing_class=tokenizer,
            callbacks=[watch],
        )
    trainer.remove_callback(PrinterCallback)  # it prints every step as a dict
    return trainer


def _steps(chats: int, params: Finetune) -> int:
    """Optimizer steps that the trainer will make, for the bar."""
    an_epoch = math.ceil(math.ceil(chats / params.batch_size) / params.gradient_accumulation)
    return params.max_steps if params.max_steps > 0 else math.ceil(params.epochs * an_epoch)
