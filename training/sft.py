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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PrinterCallback, TrainerCallback

from kefu.errors import Unusable
from kefu.finite import check_loss, check_weights
from kefu.io import read_json
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.progress import LogFigures, ignore_figures, training_progress
from kefu.schema import Example, PreferenceExample
from kefu.split import sample_by_customer
from training import adapter, memory, quantized
from training.checkpoints import Checkpoints, EarlyStopping, Losses
from training.learned_loss import IGNORED, negative_log_likelihood
from training.params.finetune import Finetune
from training.precision import supported_precision
from training.trainer import preferences
from training.trainer.answer_trainer import plain
from training.trainer.resumable_trainer import (
    TRAINER_STATE,
    HeldOutWatch,
    LossWatch,
    ResumableTrainer,
    exact_adapter,
    losses_of,
)
from training.trainer.trl_arguments import sft_config

logger = logging.getLogger(__name__)
TODO = (
    "lower finetune.batch_size (and raise finetune.gradient_accumulation) or finetune.max_length, set "
    "finetune.gradient_checkpointing or finetune.quantize to true, or choose a smaller base.centre"
)
Replayed = Callable[[PeftModel, ChatRenderer], tuple[list[Example], dict[str, float]]]  # chats, counts
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
    losses: Losses


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
    base: BaseModel,
    examples: Sequence[Example],
    params: Finetune,
    champion: Path | None,
    out: Path,
    checkpoints: Checkpoints | None = None,
    log: LogFigures = ignore_figures,
    pairs: Sequence[PreferenceExample] = (),
    replay: Replayed | None = None,
) -> FinetuningResult:
    """Trains an adapter and writes it to ``out``; goes on from the newest checkpoint when there is one.

    Args:
        examples: chats of both splits; 'eval' is only measured.
        champion: release folder of the champion, if there is one.
        checkpoints: of a run with the same inputs; None: none are read or written.
        log: gets the figures of each step while it runs.
        replay: gives the training chats with answers of the champion; called before step 1, when it is continued.
        pairs: of both splits; preferences are learned after the chats when there are some to learn from.

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
    preferred = preferences.pair_rows(pairs, renderer, params)
    _check_memory(base, params, 2 if preferred else 1)
    model, continued = adapter.attach(quantized.load(base, params), base, params, champion)
    counts: dict[str, float] = {}
    if replay and continued:
        chats, counts = replay(model.eval(), renderer)
        model.train()
        train = rows(chats, renderer, params.max_length)
    check_weights("finetune: before step 1, the base model with its adapter", model.state_dict(), _NOT_OURS)
    before = _held_out_loss(model, held_out, "before step 1", _NOT_OURS)
    logger.info("%d chats to learn from, held-out loss %.3f before", len(train), before)
    run = _train(model, base, train, held_out, params, checkpoints, log)
    metrics = dict(counts)
    if preferred:
        metrics["preferences.eval_loss_before"] = mean_loss(model, held_out)
        metrics |= preferences.learn(model, base, preferred, params, checkpoints, log)
    after = _held_out_loss(model, held_out, "after training", "lower finetune.learning_rate and run the stage again")
    logger.info("held-out loss %.3f after", after)
    adapter.save(model, base, out, {"chats": len(train), "pairs": len(preferred), **counts})
    trainable, total = model.get_nb_trainable_parameters()
    metrics |= {
        "train_loss": sum(loss for _, loss in run.losses[-20:]) / len(run.losses[-20:]),
        "eval_loss_before": before,
        "eval_loss": after,
        "train_chats": float(len(train)),
        "left_out_too_long": float(len(chats) - len(train)),
        "trainable_parameters": float(trainable),
        "parameters": float(total),
        "tokens_per_second": run.tokens / run.seconds,
        "steps": float(len(run.losses)),
        "steps_resumed": float(run.resumed),
        "from_champion": float(continued),
    }
    if params.patience:
        metrics |= {"best_step": float(run.stopping.best_step), "best_held_out_loss": run.stopping.best_loss}
    return FinetuningResult(metrics, run.losses)


def _check_memory(base: BaseModel, params: Finetune, answers: int) -> None:
    """Args: answers: to a question that pass at once, two where preferences are learned."""
    device, largest = memory.this_device(), params.model_copy(update={"batch_size": answers * params.batch_size})
    needed = memory.finetune_memory(memory.of_folder(base.folder, base.facts.lora_targets), largest, device)
    memory.check("finetune", needed, memory.free_bytes(device), TODO)


def _held_out_loss(model: PeftModel, held_out: Sequence[Row], when: str, todo: str) -> float:
    """Mean loss of some held-out chats; NaN when there are none. Raises NotFinite when it is not finite."""
    loss = mean_loss(model, held_out)
    if held_out:
        check_loss(f"finetune: held-out loss {when}", loss, todo)
    return loss


@dataclass(frozen=True)
class _Run:
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


def _train(
    model: PeftModel,
    base: BaseModel,
    train: Sequence[Row],
    held_out: Sequence[Row],
    params: Finetune,
    checkpoints: Checkpoints | None,
    log: LogFigures,
) -> _Run:
    """Runs the trainer, from the newest checkpoint on."""
    checkpoint = checkpoints.newest() if checkpoints else None
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
    return _Run(losses, len(earlier), tokens, seconds, stopping)


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
