"""Checkpoints: a training that is killed goes on where it was, to the same curve and the same bytes; early stopping.

They lie below store/runtime, because DVC deletes a stage's outputs when the stage starts. The folder's name is a hash
of all that the result depends on (``pipelines.stage.Stage.inputs_key``), so a changed parameter, set, base or code
never continues another run. A checkpoint counts when its seal, written last, has the hash of its files.

Not covered: another number of threads, or another machine, may round differently; two runs of one stage at a time.
"""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kefu.io import content_hash, private_dir, read_json, write_json

logger = logging.getLogger(__name__)
SEAL, STATE = "sealed.json", "state.pt"
_PREFIX = "checkpoint-"
Losses = list[tuple[int, float]]


def is_due(step: int, steps: int, save_steps: int) -> bool:
    """Whether a checkpoint is written after this step: every ``save_steps``, and after the last one.

    Args:
        step: counted from 1.
        save_steps: 0: never.
    """
    return save_steps > 0 and (step % save_steps == 0 or step == steps)


class Checkpoints:
    """The checkpoints of one training with the same inputs; only the newest whole one is kept.

    Args:
        folder: whose subfolders ``checkpoint-<step>`` they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def below(self, name: str) -> Checkpoints:
        """Those of one part of the stage, e.g. of one of two models."""
        return Checkpoints(self.folder / name)

    def newest(self) -> Path | None:
        """Folder of the last whole checkpoint; those that a kill cut short are removed."""
        whole = []
        for folder in self._all():
            if _is_whole(folder):
                whole.append(folder)
            else:
                logger.warning("%s: not whole, the run was killed while it was written: removed", folder)
                shutil.rmtree(folder)
        if whole:
            logger.info("continuing at step %d, from %s", step_of(whole[-1]), whole[-1])
        return whole[-1] if whole else None

    @contextmanager
    def write(self, step: int) -> Iterator[Path]:
        """Gives an empty folder, which counts from the end of the block on; then the older ones are removed."""
        folder = self.folder / f"{_PREFIX}{step}"
        shutil.rmtree(folder, ignore_errors=True)
        private_dir(folder)  # the teacher's answers may repeat what a customer wrote
        yield folder
        write_json(folder / SEAL, {"content_hash": content_hash(folder)})
        for other in self._all():
            if other != folder:
                shutil.rmtree(other)

    def remove(self) -> None:
        """Removes all of it: the stage has ended, and its outputs are written."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):  # the folder of the stage, when there is nothing else in it
            self.folder.parent.rmdir()

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob(f"{_PREFIX}*"), key=step_of)


def open_checkpoints(stage_folder: Path, key: str) -> Checkpoints:
    """The checkpoints of a stage for inputs of this hash; those for any other inputs are removed."""
    for folder in sorted(stage_folder.glob("*")):
        if folder.name != key:
            logger.info("%s: checkpoints of other inputs than today's: removed", folder)
            shutil.rmtree(folder)
    return Checkpoints(stage_folder / key)


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix(_PREFIX))


def _is_whole(folder: Path) -> bool:
    try:
        sealed = read_json(folder / SEAL)["content_hash"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(sealed == content_hash(folder, frozenset({SEAL})))


def trained_weights(model: torch.nn.Module) -> dict[str, Tensor]:
    """The weights that learn, by name; not copies."""
    return {name: weight.detach() for name, weight in model.named_parameters() if weight.requires_grad}


def put_weights(model: torch.nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Overwrites the weights that learn with those of a checkpoint."""
    for name, weight in trained_weights(model).items():
        weight.copy_(weights[name])


class EarlyStopping:
    """Remembers the best weights, and says when to stop.

    Args:
        patience: checks without a better loss before training stops; 0: it never does, and nothing is remembered.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best_loss, self.best_step, self.worse = math.inf, 0, 0
        self._weights: dict[str, Tensor] = {}

    @property
    def has_ended(self) -> bool:
        """Whether the loss has not fallen for as many checks as ``patience`` says."""
        return 0 < self.patience <= self.worse

    def check(self, step: int, loss: float, model: torch.nn.Module) -> None:
        """Takes notice of a held-out loss in nats a token; keeps the weights when it is the lowest so far."""
        if loss < self.best_loss:
            self.best_loss, self.best_step, self.worse = loss, step, 0
            self._weights = {name: weight.clone() for name, weight in trained_weights(model).items()}
        else:
            self.worse += 1

    def restore_best(self, model: torch.nn.Module) -> None:
        """Puts the best weights back, if any check was made."""
        if self._weights:
            put_weights(model, self._weights)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {"loss": self.best_loss, "step": self.best_step, "worse": self.worse, "weights": self._weights}

    def load(self, state: dict[str, Any]) -> None:
        """Puts back what ``state`` gave."""
        self.best_loss, self.best_step, self.worse = state["loss"], state["step"], state["worse"]
        self._weights = state["weights"]


def save_state(
    folder: Path,
    model: torch.nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    losses: Losses,
    stopping: EarlyStopping | None = None,
) -> None:
    """Writes all that a loop of ours needs to go on; none of them draws random numbers once it has started."""
    state = {
        "weights": trained_weights(model),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "losses": losses,
        "stopping": stopping.state() if stopping else None,
    }
    torch.save(state, folder / STATE)


def load_state(
    folder: Path,
    model: torch.nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    stopping: EarlyStopping | None = None,
) -> Losses:
    """Puts back what ``save_state`` wrote; returns the losses until then."""
    state = torch.load(folder / STATE, map_location="cpu", weights_only=True)
    put_weights(model, state["weights"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    if stopping:
        stopping.load(state["stopping"])
    losses: Losses = state["losses"]
    return losses
