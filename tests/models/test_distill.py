"""Distillation: the objective is what it says, and the student comes nearer to the teacher."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM

from distill.answers import NothingToDistill, TeacherAnswers, check_answers, questions
from distill.distill import distill
from distill.loss import collate, columns, distillation_loss
from distill.methods.off_policy import OffPolicy
from distill.pairs import rows_of
from distill.params import Distill
from distill.student import load_student, save, train
from distill.teacher import answer, load_teacher
from kefu.finite import NotFinite
from kefu.io import content_hash, read_json, write_json
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer, Rendered
from kefu.llm.vocabulary import DifferentVocabulary, shared_ids
from kefu.schema import Example, Message
from tests.models.conftest import model_pair, with_bad_weight

CPU = torch.device("cpu")


def test_objective() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher, student = (torch.randn(5, 11, generator=generator) for _ in range(2))
    targets = torch.tensor([1, 2, 3, 4, 5])
    p, q = ((x / 2).softmax(-1) for x in (teacher, student))
    kl = (p * (p / q).log()).sum(-1).mean() * 4
    ce = functional.cross_entropy(student, targets)
    every = slice(11)
    torch.testing.assert_close(distillation_loss(teacher, student, targets, 0.3, 2.0, every), 0.3 * kl + 0.7 * ce)
    assert distillation_loss(teacher, teacher, targets, 1.0, 2.0, every).abs() < 1e-6


def test_columns_that_mean_nothing_to_both_do_not_count() -> None:
    """Rows of Qwen's output that no token belongs to, or that only one model knows, whatever stands there."""
    generator = torch.Generator().manual_seed(1)
    teacher, student = (torch.randn(5, 11, generator=generator) for _ in range(2))
    targets = torch.tensor([1, 2, 3, 4, 5])
    own = distillation_loss(teacher, student, targets, 1.0, 2.0, slice(11))
    wider = [torch.cat([x, 9 * torch.randn(5, 3, generator=generator)], dim=1) for x in (teacher, student)]
    torch.testing.assert_close(distillation_loss(wider[0], wider[1], targets, 1.0, 2.0, columns(range(11))), own)
    gaps = [torch.cat([x[:, :4], x[:, 4:5] * 0 + 7, x[:, 4:]], dim=1) for x in (teacher, student)]
    ids = [*range(4), *range(5, 12)]
    torch.testing.assert_close(distillation_loss(gaps[0], gaps[1], targets, 1.0, 2.0, columns(ids)), own)


def test_targets_are_the_next_learned_tokens() -> None:
    batch = collate([Rendered([1, 2, 3, 4], [0, 0, 1, 1]), Rendered([5, 6], [0, 1])], pad_id=0, device=CPU)
    assert batch.learned_mask.tolist() == [[False, True, True, False], [True, False, False, False]]
    assert batch.targets.tolist() == [3, 4, 6]


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


def saying(text: str | None, centre: BaseModel) -> Callable[..., list[list[int] | None]]:
    """A teacher that says the same to everybody; None: that never comes to an end."""
    renderer = ChatRenderer.from_folder(centre.folder, True)
    return lambda model, prompts, *_: [None if text is None else renderer.encode(text) for _ in prompts]


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
