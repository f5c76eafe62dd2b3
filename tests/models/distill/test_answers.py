"""The teacher's answers: as serving would write them, and none that is of no use is learned."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distill.answers import NothingToDistill, TeacherAnswers, check_answers, questions
from distill.distill import distill
from distill.params import Distill
from distill.teacher import answer, load_teacher
from kefu.io import content_hash
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.schema import Example, Message
from tests.models.conftest import saying


def test_batched_answers_equal_single_ones(
    centre: BaseModel, adapter_folder: Path, distill_params: Distill, examples: list[Example]
) -> None:
    teacher = load_teacher(centre, adapter_folder, distill_params)
    renderer = ChatRenderer.from_folder(centre.folder, True)
    prompts = [renderer.prompt(chat) for chat in questions(examples, 6, seed=0)]
    together = answer(teacher, prompts, renderer.stop_ids, 24, batch_size=6)
    assert together == [answer(teacher, [p], renderer.stop_ids, 24, batch_size=1)[0] for p in prompts]
    assert answer(teacher, prompts[:1], renderer.stop_ids, 1, batch_size=1) == [None]  # unfinished


def test_questions_end_with_the_customer(examples: list[Example]) -> None:
    asked = questions(examples, 100, seed=0)
    assert all(chat[-1].role == "user" for chat in asked)
    assert len(set(asked)) == len(asked)
    assert asked == questions(list(reversed(examples)), 100, seed=0)


def test_an_answer_ends_at_any_control_token(
    centre: BaseModel, adapter_folder: Path, distill_params: Distill, examples: list[Example]
) -> None:
    """As in serving, which shows nothing behind one: the student must not learn to write '<think>' as text."""
    teacher = load_teacher(centre, adapter_folder, distill_params)
    renderer = ChatRenderer.from_folder(centre.folder, True)
    prompts = [renderer.prompt(questions(examples, 1, seed=0)[0])]
    (whole,) = answer(teacher, prompts, renderer.stop_ids, 24, batch_size=1)
    assert whole is not None and len(set(whole)) > 1
    stops = renderer.stop_ids | {whole[-1]}
    assert answer(teacher, prompts, stops, 24, batch_size=1) == [whole[: whole.index(whole[-1])]]
    assert {"<think>", "<tool_call>"} <= {renderer._tokenizer.id_to_token(i) for i in renderer.stop_ids}


@pytest.mark.parametrize("human", [True, False])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "40 were not finished within 24 tokens, 0 are empty"),
        ("", "40 are empty"),
        (" \n", "40 are empty"),
        ("好的好的好的好的好的好的", "40 repeat themselves"),
    ],
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


@pytest.mark.parametrize("useless", ["unfinished", "empty", "looping"])
def test_half_of_the_answers_may_be_useless(useless: str, distill_params: Distill) -> None:
    chat = (Message(role="user", content="?"), Message(role="assistant", content="!"))
    half: dict[str, Any] = {"unfinished": 0, "empty": 0, useless: 5}
    made = TeacherAnswers([chat] * 5, **half)
    check_answers(made, distill_params)
    with pytest.raises(NothingToDistill, match=r"of 11 answers .*distill\.max_new_tokens"):
        check_answers(replace(made, **half | {useless: 6}), distill_params)


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


@pytest.mark.parametrize("alpha", [0.5, 0.0])
def test_without_its_answers_the_teacher_is_asked_for_logits_at_most(
    alpha: float,
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With alpha 0 it is plain fine-tuning, and no teacher is loaded."""

    def refused(*arguments: object) -> None:
        raise AssertionError("the teacher was used")

    monkeypatch.setattr("distill.teacher.answer", refused)
    if not alpha:
        monkeypatch.setattr("distill.teacher.load_teacher", refused)
    params = distill_params.model_copy(update={"teacher_answers": False, "alpha": alpha})
    metrics = distill(centre, adapter_folder, edge, examples, params, tmp_path / "edge").metrics
    assert metrics["answers"] == 0 < metrics["chats"]
    assert metrics["student_loss"] < metrics["student_loss_before"]
    assert ("student_kl" in metrics) == bool(alpha)


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
