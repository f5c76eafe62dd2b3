"""The student comes nearer to its teacher, in less memory too, and what is not finite is never written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from distill.distill import distill
from distill.methods.off_policy import OffPolicy
from distill.pairs import rows_of
from distill.params import Distill
from distill.student import load_student, save, train
from distill.teacher import load_teacher
from kefu.finite import NotFinite
from kefu.io import content_hash
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.schema import Example
from tests.models.conftest import model_pair, saying, with_bad_weight


def test_student_comes_nearer(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    distilled = distill(centre, adapter_folder, edge, examples, distill_params, tmp_path / "edge")
    metrics = distilled.metrics
    assert metrics["student_kl"] < metrics["student_kl_before"] / 2
    assert metrics["student_loss"] < metrics["student_loss_before"]
    assert metrics["student_agreement"] > metrics["student_agreement_before"]
    AutoModelForCausalLM.from_pretrained(tmp_path / "edge")
    distill(centre, adapter_folder, edge, examples, distill_params, tmp_path / "again")
    assert content_hash(tmp_path / "edge") == content_hash(tmp_path / "again")


def test_as_on_a_gpu(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    """4-bit teacher, student with a LoRA: what the GPU profiles do, and what is saved is a plain model."""
    params = distill_params.model_copy(update={"quantize_teacher": True, "rank": 4, "learning_rate": 1e-2})
    metrics = distill(centre, adapter_folder, edge, examples, params, tmp_path / "edge").metrics
    assert metrics["student_kl"] < metrics["student_kl_before"]
    assert not list((tmp_path / "edge").glob("adapter*"))
    AutoModelForCausalLM.from_pretrained(tmp_path / "edge")


@pytest.fixture
def pairs(centre: BaseModel, examples: list[Example]) -> tuple[list[Any], ChatRenderer]:
    renderer = ChatRenderer.from_folder(centre.folder, True)
    return rows_of([e.messages for e in examples[:24]], renderer, renderer, 320), renderer


@pytest.mark.parametrize("change", [{"batch_size": 2, "gradient_accumulation": 4}, {"gradient_checkpointing": True}])
def test_less_memory_is_the_same_training(
    change: dict[str, Any],
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    pairs: tuple[list[Any], ChatRenderer],
) -> None:
    params = distill_params.model_copy(update={"batch_size": 8, "epochs": 1})
    teacher = load_teacher(centre, adapter_folder, params)
    found = []
    for some in (params, params.model_copy(update=change)):
        student = load_student(edge, some)
        losses = train(student, OffPolicy(model_pair(centre, edge, teacher), some), pairs[0], some)
        found.append((losses, student.lm_head.weight.detach()))
    (one, weights), (other, less) = found
    assert [step for step, _ in one] == [step for step, _ in other]
    assert [loss for _, loss in one] == pytest.approx([loss for _, loss in other], rel=1e-4)
    torch.testing.assert_close(weights, less, rtol=1e-3, atol=1e-3)


def test_bfloat16_multiplies_in_bfloat16_and_learns(
    edge: BaseModel, centre: BaseModel, adapter_folder: Path, distill_params: Distill, pairs: tuple[list[Any], Any]
) -> None:
    """A LoRA in float32 on bfloat16 weights: without autocast every adapted product would be in float32."""
    params = distill_params.model_copy(update={"dtype": "bfloat16", "rank": 4, "learning_rate": 1e-2})
    teacher, student = load_teacher(centre, adapter_folder, params), load_student(edge, params)
    seen = set()
    adapted = next(module for name, module in student.named_modules() if name.endswith("lora_A.default"))
    adapted.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    rows = pairs[0]
    objective = OffPolicy(model_pair(centre, edge, teacher), params)
    before = objective.measure(student, rows)
    train(student, objective, rows, params)
    assert seen == {torch.bfloat16}
    assert objective.measure(student, rows)["student_kl"] < before["student_kl"]


def test_the_edge_is_saved_in_the_precision_of_its_base(
    edge: BaseModel, distill_params: Distill, tmp_path: Path
) -> None:
    folder = tmp_path / "half"
    AutoModelForCausalLM.from_pretrained(edge.folder, dtype=torch.bfloat16).save_pretrained(folder)
    half = BaseModel(folder, edge.facts, edge.ref)
    student = load_student(half, distill_params)
    assert student.dtype == torch.float32  # in which all its weights learn
    save(student, half, tmp_path / "edge")
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "edge", dtype="auto").dtype == torch.bfloat16


@pytest.mark.parametrize("which", ["centre", "edge"])
def test_a_base_with_one_nan_is_refused(
    which: str,
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    out = shutil.copytree(edge.folder, tmp_path / "edge")
    bases = {"centre": centre, "edge": edge}
    bases[which] = with_bad_weight(bases[which], tmp_path / "bad", "model.layers.1.self_attn.q_proj.weight")
    with pytest.raises(NotFinite, match=rf"distill: the {which}.* not finite .* dvc repro -f base"):
        distill(bases["centre"], adapter_folder, bases["edge"], examples, distill_params, out)
    assert content_hash(out) == content_hash(edge.folder)


@pytest.mark.parametrize("rank", [None, 4])
def test_a_student_that_diverges_stops(
    rank: int | None,
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = shutil.copytree(edge.folder, tmp_path / "edge")
    monkeypatch.setattr("distill.teacher.answer", saying("请在订单页申请退货。", centre))
    params = distill_params.model_copy(update={"rank": rank, "learning_rate": 1e30})
    with pytest.raises(NotFinite, match=r"distill: step \d+: .*distill\.learning_rate 1e\+30"):
        distill(centre, adapter_folder, edge, examples, params, out)
    assert content_hash(out) == content_hash(edge.folder)


def test_a_student_that_is_not_finite_is_never_written(edge: BaseModel, tmp_path: Path) -> None:
    student = AutoModelForCausalLM.from_pretrained(edge.folder)
    student.model.norm.weight.data[0] = float("nan")
    with pytest.raises(NotFinite, match=r"distill: the trained edge: model\.norm\.weight"):
        save(student, edge, tmp_path / "edge")
    assert not (tmp_path / "edge").exists()
