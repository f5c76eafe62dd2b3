"""A training that is killed at any step goes on to the same curve and the same bytes; nothing is left after success."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from distill import student as students
from distill import teacher as teachers
from distill.distill import distill
from distill.params import Distill
from kefu.errors import KefuError
from kefu.io import content_hash, read_json, write_json
from kefu.llm.base_models import BaseModel
from kefu.params import parse_section
from kefu.schema import Example, Message
from pipelines import finetune as stage_finetune
from pipelines import stage
from tests.models.conftest import QUESTIONS, chats
from training import checkpoints as module
from training import pretrain
from training.base_models import prepare
from training.checkpoints import Checkpoints, EarlyStopping, is_due, open_checkpoints
from training.params.base import Base
from training.params.finetune import Finetune
from training.sft import finetune
from training.trainer import resumable_trainer

Work = Callable[[Checkpoints], Any]


def killed_when(work: Work, checkpoints: Checkpoints, place: Any, name: str, is_time: Callable[..., bool]) -> None:
    """Runs ``work`` in a process that ends itself with SIGKILL at a call of ``place.name`` that ``is_time`` chooses."""
    original = getattr(place, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        if is_time(*args):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    def run() -> None:
        setattr(place, name, call)  # of the forked process only
        work(checkpoints)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def at_step(step: int) -> Callable[..., bool]:
    """For ``check_step(where, step, …)``: after the backward pass of that step."""
    return lambda where, number, *_: number == step


def saved_steps(checkpoints: Checkpoints) -> list[str]:
    return sorted(path.name for path in checkpoints.folder.glob("*"))


@pytest.fixture
def two_epochs(finetune_params: Finetune) -> Finetune:
    """42 chats are 11 steps an epoch; dropout draws random numbers."""
    return finetune_params.model_copy(update={"max_steps": 16, "save_steps": 3, "dropout": 0.1})


def test_finetuning_killed_in_each_epoch_ends_as_if_it_never_was(
    centre: BaseModel, examples: list[Example], two_epochs: Finetune, tmp_path: Path
) -> None:
    whole = finetune(centre, examples, two_epochs, None, tmp_path / "whole")
    checkpoints = Checkpoints(tmp_path / "checkpoints")

    def work(checkpoints: Checkpoints) -> Any:
        return finetune(centre, examples, two_epochs, None, tmp_path / "out", checkpoints)

    killed_when(work, checkpoints, resumable_trainer, "check_step", at_step(5))
    assert saved_steps(checkpoints) == ["checkpoint-3"]
    killed_when(work, checkpoints, resumable_trainer, "check_step", at_step(14))
    assert saved_steps(checkpoints) == ["checkpoint-12"]
    logged: list[int] = []
    resumed = finetune(
        centre,
        examples,
        two_epochs,
        None,
        tmp_path / "out",
        checkpoints,
        lambda step, figures: logged.append(step),
    )
    assert resumed.losses == whole.losses and len(whole.losses) == 16
    assert logged == list(range(1, 17))  # the curve in MLflow is whole, too
    assert content_hash(tmp_path / "out") == content_hash(tmp_path / "whole")
    assert (resumed.metrics["steps_resumed"], whole.metrics["steps_resumed"]) == (12, 0)
    assert resumed.metrics["eval_loss_before"] == whole.metrics["eval_loss_before"]


def test_finetuning_killed_after_its_last_step_makes_no_more(
    centre: BaseModel, examples: list[Example], two_epochs: Finetune, tmp_path: Path
) -> None:
    whole = finetune(centre, examples, two_epochs, None, tmp_path / "whole")
    checkpoints = Checkpoints(tmp_path / "checkpoints")

    def work(checkpoints: Checkpoints) -> Any:
        return finetune(centre, examples, two_epochs, None, tmp_path / "out", checkpoints)

    killed_when(work, checkpoints, stage_finetune.finetune.__globals__["adapter"], "save", lambda *_: True)
    assert saved_steps(checkpoints) == ["checkpoint-16"]
    resumed = work(checkpoints)
    assert resumed.losses == whole.losses
    assert content_hash(tmp_path / "out") == content_hash(tmp_path / "whole")


def test_a_checkpoint_that_a_kill_cut_short_does_not_count(
    centre: BaseModel, examples: list[Example], two_epochs: Finetune, tmp_path: Path
) -> None:
    """Killed between the files of step 6 and their seal; then step 3 is damaged, as by a power cut."""
    checkpoints = Checkpoints(tmp_path / "checkpoints")

    def work(checkpoints: Checkpoints) -> Any:
        return finetune(centre, examples, two_epochs, None, tmp_path / "out", checkpoints)

    sealed = "checkpoint-6"
    killed_when(work, checkpoints, module, "write_json", lambda path, *_: path.parent.name == sealed)
    assert saved_steps(checkpoints) == ["checkpoint-3", sealed]
    newest = checkpoints.newest()
    assert newest is not None and newest.name == "checkpoint-3"
    assert saved_steps(checkpoints) == ["checkpoint-3"]
    state = newest / module.STATE
    state.write_bytes(state.read_bytes()[:-100])
    assert work(checkpoints).metrics["steps_resumed"] == 0


def test_pretraining_killed_in_either_model_ends_as_if_it_never_was(
    base_params: Base, base_folder: Path, tmp_path: Path
) -> None:
    params = base_params.model_copy(update={"save_steps": 30})
    checkpoints = Checkpoints(tmp_path / "checkpoints")

    def work(checkpoints: Checkpoints) -> Any:
        return prepare(params, chats(60, seed=1), tmp_path / "base", checkpoints)

    killed_when(work, checkpoints, pretrain, "check_step", at_step(61))
    killed_when(work, checkpoints, pretrain, "check_step", lambda where, step, *_: (where, step) == ("base edge", 2))
    assert saved_steps(checkpoints.below("centre")) == ["checkpoint-80"]
    built = work(checkpoints)
    assert [len(built[which].losses) for which in ("centre", "edge")] == [80, 5]
    assert content_hash(tmp_path / "base") == content_hash(base_folder)  # made without checkpoints


def test_distilling_killed_while_asking_and_while_learning_ends_as_if_it_never_was(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    params = distill_params.model_copy(update={"save_steps": 2, "answer_batch_size": 4})
    whole = distill(centre, adapter_folder, edge, examples, params, tmp_path / "whole")
    checkpoints = Checkpoints(tmp_path / "checkpoints")

    def work(checkpoints: Checkpoints) -> Any:
        return distill(centre, adapter_folder, edge, examples, params, tmp_path / "out", checkpoints)

    calls = iter(range(100))
    killed_when(work, checkpoints, teachers, "generate", lambda *_: next(calls) == 3)
    assert saved_steps(checkpoints.below("answers")) == ["checkpoint-2"]
    killed_when(work, checkpoints, students, "check_step", at_step(5))
    assert saved_steps(checkpoints.below("student")) == ["checkpoint-4"]
    asked: list[int] = []
    generate = teachers.generate

    def count_and_generate(*args: Any) -> Any:
        asked.append(1)
        return generate(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teachers, "generate", count_and_generate)
        resumed = work(checkpoints)
    assert not asked  # the answers were all there
    assert resumed.losses == whole.losses
    assert resumed.metrics == whole.metrics
    assert content_hash(tmp_path / "out") == content_hash(tmp_path / "whole")


def test_checkpoints_of_other_inputs_are_removed(tmp_path: Path) -> None:
    with open_checkpoints(tmp_path / "finetune", "old").write(3) as folder:
        (folder / "state.pt").touch()
    mine = open_checkpoints(tmp_path / "finetune", "new")
    assert mine.newest() is None and not list((tmp_path / "finetune").glob("*"))
    with mine.write(2) as folder:
        (folder / "state.pt").touch()
    assert open_checkpoints(tmp_path / "finetune", "new").newest() == tmp_path / "finetune/new/checkpoint-2"
    mine.remove()
    assert not list(tmp_path.iterdir())


def test_a_kill_while_the_newer_one_is_written_leaves_the_older(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for step in (9, 10):
        with checkpoints.write(step) as folder:
            (folder / "state.pt").write_text(str(step))
    with pytest.raises(KeyboardInterrupt), checkpoints.write(11):
        raise KeyboardInterrupt
    assert checkpoints.newest() == tmp_path / "checkpoint-10"  # by number, not by name


@pytest.mark.parametrize(
    ("step", "steps", "save_steps", "due"),
    [(1, 9, 0, False), (9, 9, 0, False), (4, 9, 4, True), (5, 9, 4, False), (9, 9, 4, True)],
)
def test_when_a_checkpoint_is_due(step: int, steps: int, save_steps: int, due: bool) -> None:
    assert is_due(step, steps, save_steps) is due


def test_the_key_is_of_parameters_code_and_inputs(finetune_params: Finetune, tmp_path: Path) -> None:
    def key(params: Finetune, *inputs: Path) -> str:
        return stage.Stage("finetune", params, "tiny", tmp_path, None).inputs_key(*inputs)  # type: ignore[arg-type]

    data, folder = tmp_path / "sft.jsonl", tmp_path / "adapter"
    folder.mkdir()
    data.write_text("a")
    (folder / "weights").write_text("b")
    first = key(finetune_params, data, folder)
    assert key(finetune_params, data, folder) == first
    assert key(finetune_params.model_copy(update={"rank": 5}), data, folder) != first
    assert key(finetune_params, data) != first
    (folder / "weights").write_text("c")
    assert key(finetune_params, data, folder) != first


def test_the_stage_goes_on_and_leaves_nothing(
    centre: BaseModel,
    examples: list[Example],
    two_epochs: Finetune,
    registry: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from kefu.io import write_jsonl
    from kefu.registry import runs

    monkeypatch.setattr(stage, "METRICS", tmp_path / "metrics")
    monkeypatch.setattr(stage, "parse_section", lambda *_: two_epochs)
    for name in ("SETS", "BASE", "PLOTS", "ADAPTER", "CHECKPOINTS"):
        monkeypatch.setattr(stage_finetune, name, tmp_path / name.lower())
    monkeypatch.setattr(stage_finetune, "CHAMPION", tmp_path / "champion.json")
    monkeypatch.setattr(stage_finetune, "open_base", lambda base, which: centre)
    write_json(tmp_path / "champion.json", {"version": None})
    write_jsonl(tmp_path / "sets/sft.jsonl", examples)
    write_jsonl(tmp_path / "sets/preferences.jsonl", [])

    def work(_: Checkpoints) -> None:
        stage_finetune.main()

    killed_when(work, Checkpoints(tmp_path), resumable_trainer, "check_step", at_step(8))
    assert [path.name for path in (tmp_path / "checkpoints/finetune").glob("*/*")] == ["checkpoint-6"]
    stage_finetune.main()
    assert not (tmp_path / "checkpoints/finetune").exists()
    assert read_json(tmp_path / "metrics/finetune.json")["steps_resumed"] == 6
    client = runs.client()
    found = client.search_runs([runs.experiment_id()], "tags.`kefu.stage` = 'finetune'")
    finished = next(run for run in found if run.info.status == "FINISHED")
    curve = client.get_metric_history(finished.info.run_id, "loss")
    assert [metric.step for metric in curve] == list(range(1, 17))


def test_early_stopping_keeps_the_best_weights() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    stopping = EarlyStopping(2)
    for step, (weight, loss) in enumerate([(1.0, 3.0), (2.0, 1.0), (3.0, 2.0), (4.0, 1.5)], 1):
        assert not stopping.has_ended
        model.weight.data.fill_(weight)
        stopping.check(step, loss, model)
    assert stopping.has_ended and stopping.best_step == 2
    stopping.restore_best(model)
    assert model.weight.item() == 2.0


def answered(example: Example, answer: str) -> Example:
    """The chat with another last answer."""
    return example.model_copy(update={"messages": (*example.messages[:-1], Message(role="assistant", content=answer))})


def test_finetuning_stops_when_the_held_out_loss_rises_also_when_killed(
    centre: BaseModel, examples: list[Example], finetune_params: Finetune, tmp_path: Path
) -> None:
    """The held-out chats answer otherwise, so the more is learned, the worse they are: the best weights are saved."""
    params = finetune_params.model_copy(update={"save_steps": 2, "patience": 2, "max_steps": 40})
    answers = [*QUESTIONS.values()]
    examples = [
        e if e.split == "train" else answered(e, answers[answers.index(e.messages[-1].content) - 1]) for e in examples
    ]
    whole = finetune(centre, examples, params, None, tmp_path / "whole", Checkpoints(tmp_path / "first"))
    steps, best = whole.metrics["steps"], whole.metrics["best_step"]
    assert steps < 40 and steps - best == 4
    assert whole.metrics["eval_loss"] == pytest.approx(whole.metrics["best_held_out_loss"], rel=1e-6)
    checkpoints = Checkpoints(tmp_path / "checkpoints")

    def work(checkpoints: Checkpoints) -> Any:
        return finetune(centre, examples, params, None, tmp_path / "out", checkpoints)

    killed_when(work, checkpoints, resumable_trainer, "check_step", at_step(int(best) + 2))
    resumed = work(checkpoints)
    assert resumed.losses == whole.losses
    assert content_hash(tmp_path / "out") == content_hash(tmp_path / "whole")


def test_a_student_stops_when_the_held_out_loss_rises(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    change = {"learning_rate": 0.3, "save_steps": 1, "patience": 2, "epochs": 4}
    params = distill_params.model_copy(update=change)
    figures: dict[int, float] = {}

    def log(step: int, told: Any) -> None:
        figures.update({step: told["held_out_loss"]} if "held_out_loss" in told else {})

    out = tmp_path / "edge"
    stopped = distill(centre, adapter_folder, edge, examples, params, out, Checkpoints(tmp_path / "c"), log)
    assert len(stopped.losses) == len(figures) < 40
    assert stopped.metrics["student_loss"] == pytest.approx(min(figures.values()), rel=1e-5)


@pytest.mark.parametrize(("section", "kind"), [("finetune", Finetune), ("distill", Distill)])
def test_patience_without_checks_is_refused(
    section: str, kind: type[Finetune] | type[Distill], finetune_params: Finetune, distill_params: Distill
) -> None:
    params = finetune_params if section == "finetune" else distill_params
    raw = params.model_dump() | {"patience": 2, "save_steps": 0}
    with pytest.raises(KefuError, match=f"{section}.patience counts checks every {section}.save_steps"):
        parse_section(kind, raw, Path("params.yaml"), section)
