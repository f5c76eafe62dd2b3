"""Direct preference optimization (Rafailov et al. 2023, arXiv:2305.18290): people's corrections against what was said.

TRL's trainer does it, on pairs that kefu/llm/chat.py rendered, after the chats were learned: the model as it is then is
the reference. The loss of the chosen answer stands beside it as an anchor (Pang et al. 2024, arXiv:2404.19733; TRL
called its weight ``rpo_alpha`` and now writes the loss type ``sft``): without it both answers may become unlikely.
Several workers do not share the pairs: each learns all of them, and the first one's adapter is kept.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import AutoTokenizer, PrinterCallback
from trl import DPOConfig, DPOTrainer

from kefu.io import read_json
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.progress import LogFigures, training_progress
from kefu.schema import Message, PreferenceExample
from training.checkpoints import Checkpoints
from training.learned_loss import IGNORED, negative_log_likelihood
from training.params.finetune import Finetune
from training.trainer.answer_trainer import plain
from training.trainer.resumable_trainer import (
    TRAINER_STATE,
    LossWatch,
    Resumable,
    RowKey,
    exact_adapter,
    losses_of,
    newest_checkpoint,
)
from training.trainer.trl_arguments import trainer_arguments

MEASURED = 64  # pairs whose margin is taken before and after
REFERENCE = "ref"  # TRL's name of the copy of the adapter that it makes


@dataclass(frozen=True)
class PairRow:
    """Token ids of a prompt, and of the two answers with their end."""

    prompt_ids: list[int]
    chosen_ids: list[int]
    rejected_ids: list[int]


_FIELDS = ("prompt_ids", "chosen_ids", "rejected_ids")


class PreferenceTrainer(Resumable, DPOTrainer):  # type: ignore[misc]  # TRL is not typed
    """Args: as TRL's; the training set holds the fields of ``PairRow``."""

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        return dataset  # rendered and cut already

    def _row_keys(self) -> list[RowKey]:
        rows = cast(Dataset, self.train_dataset)
        sizes = (len(p) + max(len(c), len(r)) for p, c, r in zip(*(rows[name] for name in _FIELDS), strict=True))
        return [RowKey((), size) for size in sizes]


def pair_rows(pairs: Sequence[PreferenceExample], renderer: ChatRenderer, params: Finetune) -> list[PairRow]:
    """The training pairs as tokens; none when preferences are off. A pair that is too long is left out."""
    if not params.preferences.epochs:
        return []
    rendered = (_pair_row(pair, renderer, params.max_length) for pair in pairs if pair.split == "train")
    return [row for row in rendered if row]


def _pair_row(pair: PreferenceExample, renderer: ChatRenderer, limit: int) -> PairRow | None:
    fitting = [renderer.fit((*pair.prompt, *answer), limit) for answer in (pair.chosen, pair.rejected)]
    if None in fitting:
        return None
    prompt = min(cast(list[tuple[Message, ...]], fitting), key=len)[:-1]  # of the longer answer less history fits
    sides = []
    for answer in (pair.chosen, pair.rejected):
        row = renderer.render((*prompt, *answer))
        start, count = row.mask.index(1), sum(row.mask)
        sides.append((row.ids[:start], row.ids[start : start + count]))
    (before, chosen), (other, rejected) = sides
    return PairRow(before, chosen, rejected) if before == other else None


def learn(
    model: PeftModel,
    base: BaseModel,
    pairs: Sequence[PairRow],
    params: Finetune,
    checkpoints: Checkpoints | None,
    log: LogFigures,
) -> dict[str, float]:
    """Trains the adapter on the pairs, from the newest checkpoint on; returns metrics.

    Args:
        checkpoints: of the stage; those of preferences lie below them.
    """
    saved_in = checkpoints.below("preferences") if checkpoints else None
    checkpoint = newest_checkpoint(saved_in)
    saved = read_json(checkpoint / TRAINER_STATE) if checkpoint else {}
    before = mean_margin(model, pairs[:MEASURED])

    def log_apart(step: int, figures: Mapping[str, float]) -> None:
        log(step, {f"preferences.{name}": value for name, value in figures.items()})

    earlier, read = losses_of(saved.get("log_history", [])), int(saved.get("num_input_tokens_seen", 0))
    with (
        tempfile.TemporaryDirectory() as scratch,
        training_progress("preferences", _steps(len(pairs), params), earlier, log_apart) as shown,
    ):
        trainer = _make_trainer(model, base, pairs, _config(params, Path(scratch), saved_in is not None))
        trainer.add_callback(LossWatch(trainer.args.learning_rate, shown, read))
        trainer.checkpoints = saved_in
        trainer.run(checkpoint)
    model.delete_adapter(REFERENCE)
    return {
        "preferences.pairs": float(len(pairs)),
        "preferences.margin_before": before,
        "preferences.margin": mean_margin(model, pairs[:MEASURED]),
    }


def _make_trainer(model: PeftModel, base: BaseModel, pairs: Sequence[PairRow], config: DPOConfig) -> PreferenceTrainer:
    with exact_adapter(model):
        trainer = PreferenceTrainer(
            model=model,
            args=config,
            train_dataset=Dataset.from_list([asdict(pair) for pair in pairs]),
            processing_class=AutoTokenizer.from_pretrained(base.folder),
        )
    trainer.remove_callback(PrinterCallback)  # it prints every step as a dict
    return trainer


def _config(params: Finetune, scratch: Path, saves: bool) -> DPOConfig:
    """Arguments of TRL's DPOTrainer: those of the chats' training, but for its own. See ``sft_config``."""
    own = params.preferences
    passes = {"learning_rate": params.learning_rate * own.learning_rate_share, "epochs": own.epochs, "max_steps": -1}
    shared = trainer_arguments(params.model_copy(update=passes), scratch, saves)
    anchor = own.sft_weight > 0
    return DPOConfig(
        **shared,
        max_length=None,  # the pairs are cut already
        beta=own.beta,
        loss_type=["sigmoid", "sft"] if anchor else ["sigmoid"],
        loss_weights=[1.0, own.sft_weight] if anchor else [1.0],
    )


def _steps(pairs: int, params: Finetune) -> int:
    """Optimizer steps that the trainer will make, for the bar."""
    an_epoch = math.ceil(math.ceil(pairs / params.batch_size) / params.gradient_accumulation)
    return math.ceil(params.preferences.epochs * an_epoch)


@torch.no_grad()
def mean_margin(model: PeftModel, pairs: Sequence[PairRow]) -> float:
    """How much likelier the chosen answer is than the rejected one, in nats, mean over pairs."""
    training = model.training
    model.eval()
    margins = [_likelihood(model, p, p.chosen_ids) - _likelihood(model, p, p.rejected_ids) for p in pairs]
    model.train(training)
    return sum(margins) / len(margins)


def _likelihood(model: PeftModel, pair: PairRow, answer: list[int]) -> float:
    device = next(model.parameters()).device
    ids = torch.tensor([pair.prompt_ids + answer], device=device)
    labels = torch.tensor([[IGNORED] * len(pair.prompt_ids) + answer], device=device)
    return -float(negative_log_likelihood(plain(model), ids, torch.ones_like(ids), labels))
