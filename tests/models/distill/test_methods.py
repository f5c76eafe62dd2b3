"""Each method of distillation brings the student nearer to its teacher; combinations that mean nothing are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from distill import student as students
from distill import teacher as teachers
from distill.distill import distill
from distill.loss import TopK, soft_loss, top_k_loss
from distill.methods.cross_tokenizer import CrossTokenizer
from distill.methods.on_policy import OnPolicy
from distill.pairs import prompts_of
from distill.params import Distill
from distill.student import load_student
from distill.teacher import load_teacher
from kefu.io import content_hash
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.llm.vocabulary import DifferentVocabulary
from kefu.schema import Example
from tests.models.conftest import MICRO, QUESTIONS, model_pair
from tests.models.test_checkpoints import at_step, killed_when, saved_steps
from training import pretrain
from training import tokenizer as tokenizers
from training.checkpoints import Checkpoints

ON_POLICY = {"method": "on-policy", "alpha": 1.0, "human_answers": False}


@pytest.fixture(scope="module")
def other_edge(edge: BaseModel, tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    """A student that has learned nothing, with a tokenizer of its own, which cuts into shorter tokens."""
    folder = tmp_path_factory.mktemp("other") / "edge"
    tokenizer = tokenizers.train([*QUESTIONS][:2], 290)
    tokenizers.save(tokenizer, folder)
    end, pad = tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")
    assert end is not None and pad is not None and MICRO.size is not None
    torch.manual_seed(3)
    pretrain.save(pretrain.new_model(MICRO.size, tokenizer.get_vocab_size(), end, pad), folder)
    return replace(edge, folder=folder)


def test_on_policy_the_student_comes_nearer(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    """And no answer of the teacher is asked for; killed, it draws the very same answers again."""
    params = distill_params.model_copy(update=ON_POLICY | {"save_steps": 2, "epochs": 6})
    checkpoints = Checkpoints(tmp_path / "checkpoints")

    def work(checkpoints: Checkpoints | None) -> Any:
        return distill(centre, adapter_folder, edge, examples, params, tmp_path / "out", checkpoints)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teachers, "answer", None)
        whole = work(None)
    hashed, metrics = content_hash(tmp_path / "out"), whole.metrics
    assert metrics["student_kl"] < 0.8 * metrics["student_kl_before"]
    assert metrics["student_agreement"] > metrics["student_agreement_before"]
    killed_when(work, checkpoints, students, "check_step", at_step(4))
    assert saved_steps(checkpoints.below("student")) == ["checkpoint-2"]
    assert work(checkpoints).losses == whole.losses
    assert content_hash(tmp_path / "out") == hashed


def test_on_policy_learns_of_what_the_student_wrote_itself(
    centre: BaseModel, edge: BaseModel, distill_params: Distill, examples: list[Example], adapter_folder: Path
) -> None:
    params = distill_params.model_copy(update=ON_POLICY)
    renderer, asked = ChatRenderer.from_folder(edge.folder, True), [e.messages[:2] for e in examples[:4]]
    student = load_student(edge, params)
    objective = OnPolicy(model_pair(centre, edge, load_teacher(centre, adapter_folder, params), slice(40)), params)
    rows = prompts_of(asked, renderer, renderer)
    first, again, later = (objective.batches(student, rows, step) for step in (1, 1, 2))
    assert student.training
    for one, other in zip(first, again, strict=True):
        assert one.student.ids.tolist() == other.student.ids.tolist()
    written, after = ([batch.student.targets.tolist() for batch in batches] for batches in (first, later))
    assert written != after
    assert max(max(ids) for ids in written) < 40  # the others mean nothing to the teacher
    for batch in first:
        assert batch.teacher is not None and batch.teacher.targets.tolist() == batch.student.targets.tolist()


def test_top_k_is_the_whole_when_k_is_all_and_never_more() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher, student = (3 * torch.randn(6, 50, generator=generator) for _ in range(2))
    whole, found = soft_loss(teacher, student, 2.0), []
    for k in (1, 8, 50):
        best = (teacher / 2).log_softmax(-1).topk(k)
        found.append(float(top_k_loss(TopK(best.indices.int(), best.values.half()), student, 2.0)))
    assert found == sorted(found)
    assert found[-1] == pytest.approx(float(whole), rel=1e-2)


def test_with_cached_top_k_the_student_learns_without_the_teacher(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    params = distill_params.model_copy(update={"top_k": 8, "human_answers": False, "save_steps": 2, "epochs": 6})
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    seen: list[object] = []
    train = students.train

    def watched(student: Any, objective: Any, rows: Any, *others: Any) -> Any:
        seen.extend([objective._pair.teacher, *(row.teacher for row in rows)])
        return train(student, objective, rows, *others)

    monkeypatch.setattr(students, "train", watched)
    with caplog.at_level("INFO", "distill.top_k"):
        found = distill(centre, adapter_folder, edge, examples, params, tmp_path / "edge", checkpoints).metrics
    assert found["student_kl"] < found["student_kl_before"] / 2
    assert len(seen) > 1 and not any(seen)
    (row,) = {record.getMessage() for record in caplog.records if "cached" in record.getMessage()}
    assert "MB cached: the teacher's 8 likeliest tokens at" in row
    monkeypatch.setattr("distill.top_k._compute", None)  # it is all there
    again = distill(centre, adapter_folder, edge, examples, params, tmp_path / "again", checkpoints).metrics
    assert again == found


def test_across_tokenizers_the_student_comes_nearer(
    centre: BaseModel,
    other_edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    learn, follow = (ChatRenderer.from_folder(base.folder, True) for base in (other_edge, centre))
    assert len(learn.encode("请在订单页申请退货。")) > len(follow.encode("请在订单页申请退货。"))
    with pytest.raises(DifferentVocabulary, match="distill.method to cross-tokenizer"):
        distill(centre, adapter_folder, other_edge, examples, distill_params, tmp_path / "edge")
    params = distill_params.model_copy(update={"method": "cross-tokenizer", "epochs": 6})
    found = distill(centre, adapter_folder, other_edge, examples, params, tmp_path / "edge").metrics
    assert found["student_distance"] < 0.9 * found["student_distance_before"]
    assert found["student_loss"] < 0.5 * found["student_loss_before"]
    assert found["left_out"] == 0


def test_across_tokenizers_the_teacher_itself_is_at_no_distance(
    centre: BaseModel, edge: BaseModel, distill_params: Distill, examples: list[Example]
) -> None:
    """Where two models have one tokenizer the loss needs no alignment; where they do not agree it is above 0."""
    params = distill_params.model_copy(update={"method": "cross-tokenizer", "alpha": 1.0})
    teacher, student = load_student(centre, params), load_student(edge, params)
    objective = CrossTokenizer(model_pair(centre, edge, teacher), params)
    rows = objective.rows([e.messages for e in examples[:4]])
    assert objective.measure(teacher, rows)["student_distance"] == pytest.approx(0, abs=1e-5)
    assert objective.measure(student, rows)["student_distance"] > 0.05


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "on-policy", "human_answers": False}, "on-policy learns from the student's own answers"),
        ({"method": "on-policy", "alpha": 1.0}, "set distill.alpha to 1 and distill.human_answers to false"),
        (ON_POLICY | {"top_k": 8}, "distill.top_k is for distill.method off-policy"),
        ({"method": "cross-tokenizer", "alpha": 0.0}, "cross-tokenizer compares logits"),
        ({"top_k": 8, "alpha": 0.0}, "distill.top_k is for"),
        ({"method": "gold"}, "cross-tokenizer"),
        ({"teacher_answers": False, "human_answers": False}, "distill.teacher_answers false leaves people's answers"),
        (ON_POLICY | {"teacher_answers": False}, "distill.teacher_answers false leaves people's answers"),
    ],
)
def test_combinations_that_mean_nothing_are_refused(change: dict[str, Any], said: str, distill_params: Distill) -> None:
    with pytest.raises(ValidationError, match=said):
        Distill.model_validate(distill_params.model_dump() | change)
    Distill.model_validate(distill_params.model_dump())
