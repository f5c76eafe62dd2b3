"""The planner is near to what processes take, and a stage that would not fit is refused before it loads anything."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from distill import teacher
from distill.distill import distill
from distill.params import Distill
from evaluation.memory import release_memory
from kefu.io import read_json
from kefu.llm.base_models import BaseModel
from kefu.llm.models import ATTENTION_AND_MLP
from kefu.paths import ROOT
from kefu.schema import Example
from pipelines.params import load_params
from training import memory, quantized
from training.learned_loss import PIECE
from training.memory import Memory, NotEnoughMemory, check, finetune_memory, of_folder, piece_memory
from training.params.finetune import Finetune
from training.sft import finetune

BOUND = 2.0  # a plan may be so many times a peak, and a peak so many times a plan


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    """What `benchmarks/gpu_check.sh --dry` measures: every stage on small models, in a process each."""
    out = tmp_path_factory.mktemp("check")
    shown = subprocess.run(
        ["benchmarks/gpu_check.sh", "--dry", "--out", str(out)], cwd=ROOT, capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    assert "planned / peak" in shown.stdout
    return {found["stage"]: found for found in read_json(out / "measured.json")}


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["finetune", "distill: teacher answers", "distill: student learns", "evaluate"])
def test_the_plan_is_near_the_peak(stage: str, measured: dict[str, dict[str, float]]) -> None:
    found = measured[stage]
    assert 1 / BOUND < found["planned"] / found["peak"] < BOUND, found
    assert found["units"] > 0


@pytest.mark.slow
def test_every_stage_with_a_model_was_run(measured: dict[str, dict[str, float]]) -> None:
    assert list(measured) == [
        "finetune",
        "distill: teacher answers",
        "distill: student learns",
        "export (in RAM)",
        "evaluate",
    ]


def must_not_load(*_: object, **__: object) -> None:
    raise AssertionError("a model was loaded")


def test_finetune_is_refused_before_it_loads(
    centre: BaseModel, finetune_params: Finetune, examples: list[Example], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1e6)
    monkeypatch.setattr(quantized, "load", must_not_load)
    with pytest.raises(NotEnoughMemory, match=r"finetune: needs about .* GB are free: lower finetune\.batch_size"):
        finetune(centre, examples, finetune_params, None, tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()


def test_distill_is_refused_before_it_loads(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1e6)
    monkeypatch.setattr(teacher, "load_teacher", must_not_load)
    with pytest.raises(NotEnoughMemory, match=r"distill: needs about .* GB are free: lower distill\.max_length"):
        distill(centre, adapter_folder, edge, examples, distill_params, tmp_path / "edge")


def test_a_refusal_names_the_largest_parts() -> None:
    needed = Memory(weights=6e9, trained=0.7e9, activations=4.2e9)
    check("finetune", needed, 10.9e9, "lower it")
    with pytest.raises(NotEnoughMemory) as refused:
        check("finetune", needed, 10.8e9, "lower it")
    said = (
        "finetune: needs about 10.9 GB (weights 6.0, adapter and optimizer 0.7, activations 4.2), and 10.8 GB are free"
    )
    assert str(refused.value) == f"{said}: lower it; `kefu plan` shows all stages"


def test_a_release_is_counted_in_its_own_precision(centre: BaseModel, edge: BaseModel, tmp_path: Path) -> None:
    for name, base in (("centre", centre), ("edge", edge)):
        (tmp_path / name).symlink_to(base.folder)
    models = [of_folder(base.folder, ATTENTION_AND_MLP) for base in (centre, edge)]
    assert release_memory(tmp_path, 64).weights == 4 * sum(model.parameters for model in models)


@pytest.mark.parametrize(
    "change", [{"gradient_checkpointing": True}, {"quantize": True}, {"batch_size": 1}, {"max_length": 512}]
)
def test_what_a_refusal_advises_does_save_memory(change: dict[str, Any]) -> None:
    centre = memory.of_published("Qwen/Qwen3-8B")
    large = load_params(profile="qwen3-8b").finetune.model_copy(
        update={"gradient_checkpointing": False, "quantize": False, "batch_size": 4}
    )
    less = finetune_memory(centre, large.model_copy(update=change), "gpu")
    assert less.total < finetune_memory(centre, large, "gpu").total


def test_layers_without_an_adapter_keep_nothing() -> None:
    centre, params = memory.of_published("Qwen/Qwen3-8B"), load_params(profile="qwen3-8b").finetune
    half = params.model_copy(update={"adapted_layers": centre.layers // 2, "gradient_checkpointing": False})
    some, all_ = (finetune_memory(centre, one, "gpu") for one in (half, half.model_copy(update={"adapted_layers": 0})))
    assert (some.trained, some.activations) == (all_.trained / 2, all_.activations / 2)
    assert some.weights == all_.weights


def test_logits_are_those_of_a_piece() -> None:
    assert piece_memory(2048, 151_936, copies=3) == 12 * PIECE
    assert piece_memory(10, 500, copies=3) == 12 * 5000
