"""Distillation: the objective is what it says, and the student comes nearer to the teacher."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import AutoModelForCausalLM

from distill.distill import (
    DifferentVocabulary,
    NothingToDistill,
    TeacherAnswers,
    _check_answers,
    check_vocabulary,
    distill,
    questions,
)
from distill.loss import collate, distillation_loss
from distill.params import Distill
from distill.student import save
from distill.teacher import answer, load_teacher
from kefu.finite import NotFinite
from kefu.io import content_hash
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.schema import Example, Message
from tests.models.conftest import with_bad_weight

CPU = torch.device("cpu")


def test_objective() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher, student = (torch.randn(5, 11, generator=generator) for _ in range(2))
    targets = torch.tensor([1, 2, 3, 4, 5])
    p, q = ((x / 2).softmax(-1) for x in (teacher, student))
    kl = (p * (p / q).log()).sum(-1).mean() * 4
    ce = functional.cross_entropy(student, targets)
    torch.testing.assert_close(distillation_loss(teacher, student, targets, 0.3, 2.0), 0.3 * kl + 0.7 * ce)
    assert distillation_loss(teacher, teacher, targets, 1.0, 2.0).abs() < 1e-6
    # Padding of the vocabulary, as the Qwen sizes have it, does not matter.
    wider = functional.pad(teacher, (0, 3))
    torch.testing.assert_close(
        distillation_loss(wider, student, targets, 1.0, 2.0), distillation_loss(teacher, student, targets, 1.0, 2.0)
    )


def test_targets_are_the_next_learned_tokens() -> None:
    batch = collate([([1, 2, 3, 4], [0, 0, 1, 1]), ([5, 6], [0, 1])], pad_id=0, device=CPU)
    assert batch.learned_mask.tolist() == [[False, True, True, False], [True, False, False, False]]
    assert batch.targets.tolist() == [3, 4, 6]


def test_batched_answers_equal_single_ones(
    centre: BaseModel, adapter_folder: Path, distill_params: Distill, examples: list[Example]
) -> None:
    teacher = load_teacher(centre, adapter_folder, distill_params)
    renderer = ChatRenderer.from_folder(centre.folder, True)
    prompts = [renderer.prompt(chat) for chat in questions(examples, 6, seed=0)]
    together = answer(teacher, prompts, renderer.end_id, 24, batch_size=6)
    assert together == [answer(teacher, [p], renderer.end_id, 24, batch_size=1)[0] for p in prompts]
    assert answer(teacher, prompts[:1], renderer.end_id, 1, batch_size=1) == [None]  # unfinished


def test_questions_end_with_the_customer(examples: list[Example]) -> None:
    asked = questions(examples, 100, seed=0)
    assert all(chat[-1].role == "user" for chat in asked)
    assert len(set(asked)) == len(asked)
    assert asked == questions(list(reversed(examples)), 100, seed=0)


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


def test_different_vocabularies(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    folder = shutil.copytree(edge.folder, tmp_path / "other")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_tokens(["<another>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    other = BaseModel(folder, edge.facts, edge.ref)
    with pytest.raises(DifferentVocabulary, match=r"Set distill\.alpha to 0"):
        check_vocabulary(centre, other, alpha=0.5)
    sequence_level = distill_params.model_copy(update={"alpha": 0.0})
    metrics = distill(centre, adapter_folder, other, examples, sequence_level, tmp_path / "edge").metrics
    assert metrics["student_loss"] < metrics["student_loss_before"]


def saying(text: str | None, centre: BaseModel) -> Callable[..., list[list[int] | None]]:
    """A teacher that says the same to everybody; None: that never comes to an end."""
    renderer = ChatRenderer.from_folder(centre.folder, True)
    return lambda model, prompts, *_: [None if text is None else renderer.encode(text) for _ in prompts]


@pytest.mark.parametrize("human", [True, False])
@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "40 were not finished within 24 tokens and 0 are empty"), ("", "40 are empty"), (" \n", "40 are")],
)
def test_a_teacher_that_says_nothing_stops_distillation(
    text: str | None,
    said: str,
    human: bool,
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = shutil.copytree(edge.folder, tmp_path / "edge")
    monkeypatch.setattr("distill.teacher.answer", saying(text, centre))
    params = distill_params.model_copy(update={"human_answers": human})
    asked = len(questions([e for e in examples if e.split == "train"], 40, params.seed))
    with pytest.raises(NothingToDistill, match=f"of {asked} answers .*{said.replace('40', str(asked))}"):
        distill(centre, adapter_folder, edge, examples, params, out)
    assert content_hash(out) == content_hash(edge.folder)


@pytest.mark.parametrize("useless", ["unfinished", "empty"])
def test_half_of_the_answers_may_be_useless(useless: str, distill_params: Distill) -> None:
    chat = (Message(role="user", content="?"), Message(role="assistant", content="!"))
    half: dict[str, Any] = {"unfinished": 0, "empty": 0, useless: 5}
    made = TeacherAnswers([chat] * 5, **half)
    _check_answers(made, distill_params)
    with pytest.raises(NothingToDistill, match=r"of 11 answers .*distill\.max_new_tokens"):
        _check_answers(replace(made, **half | {useless: 6}), distill_params)


def test_empty_answers_are_left_out_and_counted(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = saying("请在订单页申请退货。", centre)

    def first_is_silent(*arguments: object) -> list[list[int] | None]:
        return [[], *full(*arguments)[1:]]

    monkeypatch.setattr("distill.teacher.answer", first_is_silent)
    params = distill_params.model_copy(update={"human_answers": False, "epochs": 0.1})
    metrics = distill(centre, adapter_folder, edge, examples, params, tmp_path / "edge").metrics
    assert (metrics["empty"], metrics["unfinished"]) == (1, 0)
    assert metrics["chats"] == metrics["answers"] > 0


def test_nothing_to_learn_from_is_an_error(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No question fits; no training chat at all; and all answers allowed to be useless, without people's."""
    params = distill_params.model_copy(update={"human_answers": False, "max_useless": 1.0})
    short = params.model_copy(update={"max_length": 30})
    held_out = [e for e in examples if e.split == "eval"]
    for some, given in ((examples, short), (held_out, params)):
        with pytest.raises(NothingToDistill, match="the centre model was asked nothing"):
            distill(centre, adapter_folder, edge, some, given, tmp_path / "edge")
    monkeypatch.setattr("distill.teacher.answer", saying(None, centre))
    with pytest.raises(NothingToDistill, match="nothing to learn from"):
        distill(centre, adapter_folder, edge, examples, params, tmp_path / "edge")
    assert not (tmp_path / "edge").exists()


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
