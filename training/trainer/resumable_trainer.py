"""TRL's trainer, with checkpoints of ours: only the adapter, its optimizer and the random state, sealed when whole.

TRL's own checkpoints are not used: they ask the hub about the base, write a model card, and one that a kill cut short
looks like any other. The order of the chats is drawn anew from the seed for each epoch: transformers draws it from the
random state that it finds, which is another one when a run goes on in the middle of a later epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from datasets import Dataset
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback

from kefu.finite import check_loss, check_step
from kefu.io import read_json
from kefu.progress import LogFigures, TrainingProgress
from training.checkpoints import (
    STATE,
    Checkpoints,
    EarlyStopping,
    Losses,
    is_due,
    put_weights,
    trained_weights,
)
from training.trainer.answer_trainer import AnswerTrainer
from training.trainer.workers import from_first, share_weights, worker_rank

TRAINER_STATE = "trainer_state.json"
BEGINNING = 6  # tokens of a row that tell its prompt: task and language
POOL = 50  # batches that are sorted together


class RowKey(NamedTuple):
    """What rows of a batch have in common: the first tokens, and about the length."""

    beginning: tuple[int, ...]
    length: int


class LossWatch(TrainerCallback):
    """Tells of every step, and ends training at the first loss that is not finite.

    Args:
        learning_rate: as the parameters give it, for the message.
        shown: where steps are told of.
        tokens: that an earlier run of this training read.
    """

    def __init__(self, learning_rate: float, shown: TrainingProgress, tokens: int) -> None:
        self._learning_rate, self._shown, self._tokens = learning_rate, shown, tokens

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if not logs or "loss" not in logs:
            return
        loss, grad_norm = float(logs["loss"]), float(logs.get("grad_norm", 0.0))
        check_step("finetune", state.global_step, loss, grad_norm, self._learning_rate)
        seen = int(state.num_input_tokens_seen)
        self._shown.step(state.global_step, loss, seen - self._tokens)
        self._tokens = seen


class HeldOutWatch(TrainerCallback):
    """Takes the held-out loss every ``save_steps``, and stops training when it has not fallen for long enough."""

    def __init__(
        self, stopping: EarlyStopping, held_out_loss: Callable[[], float], save_steps: int, log: LogFigures
    ) -> None:
        self._stopping, self._loss, self._save_steps, self._log = stopping, held_out_loss, save_steps, log

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        step = state.global_step
        if not is_due(step, state.max_steps, self._save_steps):
            return
        loss = self._loss()
        check_loss(f"finetune: held-out loss at step {step}", loss, "lower finetune.learning_rate and run it again")
        self._log(step, {"held_out_loss": loss})
        self._stopping.check(step, loss, model)
        control.should_training_stop = control.should_training_stop or self._stopping.has_ended


class SeededLengthSampler(Sampler[int]):
    """Rows with one beginning and of similar length together, in an order that seed and epoch alone decide.

    Rows are drawn into pools and sorted there into batches, which are drawn again. The batch with the longest row is
    the first, so that a lack of memory shows at once; one that is not full is the last.

    Args:
        rows: first tokens and length of each; ``learned_states`` computes what a batch begins with once.
        batch_size: rows of a step.
    """

    def __init__(self, rows: Sequence[RowKey], batch_size: int, seed: int) -> None:
        self._rows, self._batch_size, self._seed, self._epoch = rows, batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch, and before the one that it goes on in."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[int]:
        generator, size = torch.Generator().manual_seed(self._seed + self._epoch), self._batch_size
        drawn = torch.randperm(len(self), generator=generator).tolist()
        full = len(self) - len(self) % size
        in_pool = size * min(POOL, max(1, len(self) // (4 * size)))
        pools = (drawn[start : min(start + in_pool, full)] for start in range(0, full, in_pool))
        ordered = [n for pool in pools for n in sorted(pool, key=self._rows.__getitem__)]
        batches = [ordered[start : start + size] for start in range(0, full, size)]
        batches = [batches[n] for n in torch.randperm(len(batches), generator=generator).tolist()]
        if batches:
            longest = max(range(len(batches)), key=lambda n: max(self._rows[row].length for row in batches[n]))
            batches.insert(0, batches.pop(longest))
        return iter([row for batch in [*batches, drawn[full:]] for row in batch])


class Resumable(Trainer):  # type: ignore[misc]  # as above
    """What the trainers of fine-tuning add to TRL's; named before TRL's among the bases.

    Attributes:
        checkpoints: where they are written; None: nowhere. Set before ``train``.
        stopping: its state is kept with them.
    """

    checkpoints: Checkpoints | None = None
    stopping = EarlyStopping(0)

    def _row_keys(self) -> list[RowKey]:
        """Of each row of the training set."""
        rows = cast(Dataset, self.train_dataset)["input_ids"]
        return [RowKey(tuple(ids[:BEGINNING]), len(ids)) for ids in rows]

    def _get_train_sampler(self, train_dataset: Any = None) -> SeededLengthSampler:
        size = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return SeededLengthSampler(self._row_keys(), size, self.args.seed)

    def _save_checkpoint(self, model: torch.nn.Module, trial: object) -> None:
        assert self.checkpoints is not None  # training/trainer/trl_arguments.py asks for none otherwise
        if worker_rank() > 0:
            return
        with self.checkpoints.write(self.state.global_step) as folder:
            kept = {"weights": trained_weights(cast(torch.nn.Module, self.model)), "stopping": self.stopping.state()}
            torch.save(kept, folder / STATE)
            self._save_optimizer_and_scheduler(str(folder))
            self._save_rng_state(str(folder))
            self.state.save_to_json(str(folder / TRAINER_STATE))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:
        kept = torch.load(Path(resume_from_checkpoint) / STATE, map_location="cpu", weights_only=True)
        put_weights(cast(torch.nn.Module, self.model), kept["weights"])
        self.stopping.load(kept["stopping"])

    def run(self, checkpoint: Path | None) -> Losses:
        """Trains, from a checkpoint when there is one, to the end; returns (step, loss) of all steps."""
        share_weights(cast(torch.nn.Module, self.model))
        if checkpoint is None:
            self.train()
            return losses_of(self.state.log_history)
        saved = read_json(checkpoint / TRAINER_STATE)
        self._load_from_checkpoint(str(checkpoint))
        if saved["global_step"] < saved["max_steps"] and not self.stopping.has_ended:
            self.train(resume_from_checkpoint=str(checkpoint))
            return losses_of(self.state.log_history)
        return losses_of(saved["log_history"])  # it was killed after its last step; transformers would make one more


class ResumableTrainer(Resumable, AnswerTrainer):
    """Args: as TRL's."""


def newest_checkpoint(checkpoints: Checkpoints | None) -> Path | None:
    """The checkpoint that all workers go on from: the first one looks for it, and removes what is not whole."""
    return from_first(checkpoints.newest) if checkpoints else None


@contextmanager
def exact_adapter(model: torch.nn.Module) -> Iterator[None]:
    """Puts the adapter back as it was: TRL rounds one on 4-bit weights to bfloat16, which small updates cannot move."""
    weights = {name: weight.clone() for name, weight in trained_weights(model).items()}
    yield
    for name, parameter in model.named_parameters():
        if name in weights:
            parameter.data = weights[name]


def losses_of(log_history: list[dict[str, Any]]) -> Losses:
    """(step from 1, loss) of the steps in a trainer's history."""
    return [(int(row["step"]), float(row["loss"])) for row in log_history if "loss" in row]
