"""Two models with two templates or vocabularies: each reads a chat in its own, and ids that differ are refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distill.distill import distill
from distill.pairs import rows_of
from distill.params import Distill
from kefu.io import read_json, write_json
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.llm.vocabulary import DifferentVocabulary, shared_ids
from kefu.schema import Example


def renamed(edge: BaseModel, folder: Path, change: Callable[[dict[str, Any]], None], empty_think: bool) -> BaseModel:
    """A copy of a base whose tokenizer.json was changed."""
    shutil.copytree(edge.folder, folder)
    tokenizer = read_json(folder / "tokenizer.json")
    change(tokenizer)
    write_json(folder / "tokenizer.json", tokenizer)
    return BaseModel(folder, replace(edge.facts, empty_think=empty_think), edge.ref)


def as_qwen2_5(edge: BaseModel, folder: Path) -> BaseModel:
    """A base that knows no thoughts, as Qwen2.5 under Qwen3: fewer tokens, another template, the same text."""

    def forget(tokenizer: dict[str, Any]) -> None:
        kept = [token for token in tokenizer["added_tokens"] if token["content"] not in ("<think>", "</think>")]
        tokenizer["added_tokens"] = kept

    return renamed(edge, folder, forget, empty_think=False)


def test_each_model_reads_a_chat_in_its_own_template(
    centre: BaseModel, edge: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    student = as_qwen2_5(edge, tmp_path / "student")
    learn, follow = (ChatRenderer.from_folder(base.folder, base.facts.empty_think) for base in (student, centre))
    made = rows_of([e.messages for e in examples], learn, follow, 320)
    assert len(made) == len(examples)
    for row, example in zip(made, examples, strict=True):
        assert row.teacher is not None and row.student.learned == row.teacher.learned
        for rendered, renderer in ((row.student, learn), (row.teacher, follow)):
            prompt = renderer.prompt(example.messages[:-1])
            assert rendered.ids[: len(prompt)] == prompt
        assert len(row.teacher.ids) == len(row.student.ids) + 2 + 2 * len(follow.encode("\n\n"))


def test_a_student_without_thoughts_learns_from_a_teacher_with_them(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    """As Qwen2.5-1.5B under Qwen3-8B."""
    student = as_qwen2_5(edge, tmp_path / "student")
    metrics = distill(centre, adapter_folder, student, examples, distill_params, tmp_path / "edge").metrics
    assert metrics["student_kl"] < metrics["student_kl_before"] / 2
    assert metrics["student_agreement"] > metrics["student_agreement_before"]
    own = distill(centre, adapter_folder, edge, examples, distill_params, tmp_path / "own").metrics
    assert metrics["teacher_loss"] == pytest.approx(own["teacher_loss"], rel=1e-5)  # under its own prompt


def swap(tokenizer: dict[str, Any]) -> None:
    vocabulary = tokenizer["model"]["vocab"]
    one, other = [token for token, i in vocabulary.items() if i in (40, 41)]
    vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]


def test_ids_that_mean_other_tokens_are_refused(centre: BaseModel, edge: BaseModel, tmp_path: Path) -> None:
    other = renamed(edge, tmp_path / "other", swap, empty_think=True)
    with pytest.raises(
        DifferentVocabulary, match=r"2 of the second's have another id .* Set distill\.method to cross-tokenizer"
    ):
        shared_ids(centre, other)
    fewer = as_qwen2_5(edge, tmp_path / "fewer")
    assert len(shared_ids(centre, fewer)) == len(shared_ids(centre, edge)) - 2


def test_without_logits_the_teacher_is_asked_for_answers_alone(
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    """With two tokenizers its logits are over other words, or the ids do not exist for it at all."""
    other = renamed(edge, tmp_path / "other", swap, empty_think=True)
    sequence_level = distill_params.model_copy(update={"alpha": 0.0})
    metrics = distill(centre, adapter_folder, other, examples, sequence_level, tmp_path / "edge").metrics
    assert metrics["student_loss"] < metrics["student_loss_before"]
    assert not {"student_kl", "student_agreement", "teacher_loss"} & metrics.keys()
