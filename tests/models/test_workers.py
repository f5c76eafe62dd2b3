"""Several workers learn what one learns: equal losses, one adapter, one checkpoint to go on from."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import distributed

from kefu.errors import Unusable
from kefu.llm.base_models import BaseModel
from kefu.schema import Example
from training.checkpoints import Checkpoints
from training.params.finetune import Finetune
from training.sft import FinetuningResult, finetune
from training.trainer import resumable_trainer
from training.trainer.workers import own_share, worker_count, worker_rank

TWO = 2


@pytest.fixture
def params(finetune_params: Finetune) -> Finetune:
    """Two batches a step, and steps beyond the first epoch."""
    return finetune_params.model_copy(update={"gradient_accumulation": 2, "max_steps": 8})


@pytest.fixture
def odd(examples: list[Example]) -> list[Example]:
    """A last batch of one chat: a worker has none of it."""
    train = [example for example in examples if example.split == "train"]
    return [*train[: len(train) // 4 * 4 - 3], *(e for e in examples if e.split == "eval")]


def _join(rank: int, store: Path, work: Callable[[], Any], results: Any) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=TWO)
    results.put((rank, work()))
    distributed.destroy_process_group()


def by_two(work: Callable[[], Any], tmp_path: Path) -> list[Any]:
    """What two forked workers return."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    started = [context.Process(target=_join, args=(n, tmp_path / "store", work, results)) for n in range(TWO)]
    for process in started:
        process.start()
    found = dict(results.get(timeout=120) for _ in started)
    for process in started:
        process.join()
    return [found[rank] for rank in range(TWO)]


def close(one: FinetuningResult, other: FinetuningResult) -> None:
    assert [step for step, _ in one.losses] == [step for step, _ in other.losses]
    torch.testing.assert_close([loss for _, loss in one.losses], [loss for _, loss in other.losses], rtol=1e-3, atol=0)
    assert one.metrics["eval_loss"] == pytest.approx(other.metrics["eval_loss"], rel=1e-3)


def test_two_workers_have_the_losses_of_one(
    centre: BaseModel, odd: list[Example], params: Finetune, tmp_path: Path
) -> None:
    assert sum(example.split == "train" for example in odd) % 4 == 1
    alone = finetune(centre, odd, params, None, tmp_path / "alone")
    shared = params.model_copy(update={"workers": TWO})
    both = by_two(partial(finetune, centre, odd, shared, None, tmp_path / "both"), tmp_path)
    assert both[0].losses == both[1].losses and len(both[0].losses) == 8
    close(both[0], alone)
    assert alone.losses[-1][1] < 0.8 * alone.losses[0][1]
    assert (tmp_path / "both/adapter_model.safetensors").is_file()


def test_each_item_is_one_workers(tmp_path: Path) -> None:
    assert (worker_rank(), worker_count(), own_share([1, 2, 3])) == (0, 1, [1, 2, 3])
    assert by_two(partial(own_share, [1, 2, 3]), tmp_path) == [[1, 3], [2]]


def test_a_batch_that_cannot_be_shared_is_refused(finetune_params: Finetune) -> None:
    with pytest.raises(ValidationError, match=r"finetune\.workers: 3 cannot share finetune\.batch_size 4"):
        Finetune(**finetune_params.model_dump() | {"workers": 3})


def _killed(work: Callable[[], FinetuningResult], step: int) -> FinetuningResult:
    """``work`` in a worker; the second one is gone at this step."""
    check = resumable_trainer.check_step

    def die(where: str, number: int, *figures: float) -> None:
        if worker_rank() == 1 and number == step:
            os.kill(os.getpid(), signal.SIGKILL)
        check(where, number, *figures)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resumable_trainer, "check_step", die)
        return work()


@pytest.mark.slow
def test_a_killed_worker_ends_the_stage_and_the_next_run_goes_on(
    centre: BaseModel, odd: list[Example], params: Finetune, tmp_path: Path
) -> None:
    from training.trainer.ray_workers import WorkersFailed, run_on_workers

    alone = finetune(centre, odd, params, None, tmp_path / "alone")
    shared = params.model_copy(update={"workers": TWO, "save_steps": 2})
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    work = partial(finetune, centre, odd, shared, None, tmp_path / "adapter", checkpoints)
    with pytest.raises(WorkersFailed, match="(?s)a worker ended.*run the stage again"):
        run_on_workers(partial(_killed, work, 5), TWO, tmp_path / "ray")
    assert not (tmp_path / "adapter").exists()
    resumed = run_on_workers(work, TWO, tmp_path / "ray")
    assert resumed.metrics["steps_resumed"] == 4
    close(resumed, alone)
    with pytest.raises(Unusable, match="no training chat that fits max_length"):
        run_on_workers(partial(finetune, centre, [], shared, None, tmp_path / "none"), TWO, tmp_path / "ray")
    assert not list((tmp_path / "ray").iterdir())
