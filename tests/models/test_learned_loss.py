"""The loss of the learned positions alone, in pieces, is the loss of the whole, and so are its gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM

from distill.loss import Batch, collate, distillation_loss
from distill.methods.off_policy import OffPolicy
from distill.pairs import batches_of, rows_of
from distill.params import Distill
from distill.student import backward, load_student
from distill.teacher import Model, load_teacher
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.schema import Example, Message
from tests.models.conftest import QUESTIONS, model_pair
from training import adapter, learned_loss, precision, quantized
from training.learned_loss import learned_mask, negative_log_likelihood, shared_length
from training.params.finetune import Finetune
from training.sft import finetune
from training.trainer.answer_trainer import plain

PIECES = [1 << 25, 500 * 7, 1]  # logits a piece: all at once; seven rows of 500 words; one row


@pytest.fixture
def batch(centre: BaseModel, examples: list[Example]) -> Batch:
    renderer = ChatRenderer.from_folder(centre.folder, True)
    made = rows_of([e.messages for e in examples[:6]], renderer, None, 320)
    assert len({len(row.student.ids) for row in made}) > 1  # so there is padding
    return collate([row.student for row in made], renderer.end_id, torch.device("cpu"))


def gradients(model: Any, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("piece", PIECES)
def test_equals_the_plain_loss_and_its_gradients(
    piece: int, centre: BaseModel, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learned_loss, "PIECE", piece)
    model = AutoModelForCausalLM.from_pretrained(centre.folder)  # embeddings and output matrix are tied
    whole = model(input_ids=batch.ids, attention_mask=batch.attention, labels=batch.labels).loss
    expected = gradients(model, whole)
    ours = negative_log_likelihood(model, batch.ids, batch.attention, batch.labels) / len(batch.targets)
    assert ours.item() == pytest.approx(whole.item(), abs=1e-5)
    found = gradients(model, ours)
    assert found.keys() == expected.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-6)


def test_nothing_to_learn_is_a_loss_of_zero(centre: BaseModel, batch: Batch) -> None:
    model = AutoModelForCausalLM.from_pretrained(centre.folder)
    nothing = torch.full_like(batch.labels, learned_loss.IGNORED)
    loss = negative_log_likelihood(model, batch.ids, batch.attention, nothing)
    assert loss.item() == 0.0
    assert not any(g.any() for g in gradients(model, loss).values())


@pytest.mark.parametrize("piece", PIECES)
def test_only_learned_rows_meet_the_output_matrix(
    piece: int, centre: BaseModel, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learned_loss, "PIECE", piece)
    model = AutoModelForCausalLM.from_pretrained(centre.folder)
    seen: list[int] = []
    model.lm_head.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].shape[0]))
    negative_log_likelihood(model, batch.ids, batch.attention, batch.labels)
    assert sum(seen) == len(batch.targets) < batch.ids.numel() / 2
    assert max(seen) <= max(1, piece // model.config.vocab_size)


@pytest.fixture
def same_beginning(centre: BaseModel) -> Batch:
    """Short chats under one system prompt, as rows of acts are."""
    renderer = ChatRenderer.from_folder(centre.folder, True)
    system = Message(role="system", content="你是客服。请在订单页申请退货。")
    said = [(Message(role="user", content=q), Message(role="assistant", content=a)) for q, a in QUESTIONS.items()]
    return collate([renderer.render([system, *pair]) for pair in said], renderer.end_id, torch.device("cpu"))


def test_a_common_beginning_passes_the_layers_once_and_nothing_behind_the_last_answer_does(
    centre: BaseModel, same_beginning: Batch
) -> None:
    batch = same_beginning
    model = AutoModelForCausalLM.from_pretrained(centre.folder)
    whole = model(input_ids=batch.ids, attention_mask=batch.attention, labels=batch.labels).loss
    expected = gradients(model, whole)
    passed: list[int] = []
    model.model.layers[0].register_forward_hook(lambda module, inputs, output: passed.append(inputs[0][..., 0].numel()))
    ours = negative_log_likelihood(model, batch.ids, batch.attention, batch.labels) / len(batch.targets)
    found = gradients(model, ours)
    shared, rest = passed
    width = int(learned_mask(batch.labels).any(0).nonzero().max()) + 1
    assert rest == len(batch.ids) * (width - shared) and shared > 10 and width < batch.ids.shape[1]
    assert ours.item() == pytest.approx(whole.item(), abs=1e-5)
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-6)


def test_a_beginning_that_predicts_what_is_learned_is_not_shared(centre: BaseModel, same_beginning: Batch) -> None:
    """Two answers to one question: what stands before the answers is needed for both."""
    ids = same_beginning.ids[:1].repeat(2, 1)
    attention, labels = torch.ones_like(ids), same_beginning.labels[:1].repeat(2, 1)
    shared = shared_length(ids, attention, learned_mask(labels))
    first = int((labels[0] != learned_loss.IGNORED).nonzero()[0])
    assert shared == first - 1
    attention[1, 0] = 0  # padding on the left
    assert shared_length(ids, attention, learned_mask(labels)) == 0


@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_backward_pass_ends_below_the_adapted_layers(
    checkpointing: bool, centre: BaseModel, finetune_params: Finetune, same_beginning: Batch
) -> None:
    """Under checkpointing too, for which transformers asks the embeddings for a gradient."""
    batch, params = same_beginning, finetune_params.model_copy(update={"adapted_layers": 1, "quantize": False})
    model, _ = adapter.attach(quantized.load(centre, params), centre, params, None)
    if checkpointing:
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    model.train()
    differentiable = dict[int, bool]()
    for number, layer in enumerate(plain(model).get_decoder().layers):
        layer.register_forward_hook(
            lambda module, inputs, output, number=number: differentiable.update({number: output.requires_grad})
        )
    found = gradients(model, negative_log_likelihood(plain(model), batch.ids, batch.attention, batch.labels))
    assert differentiable == {0: False, 1: True}
    assert found and all(".layers.1." in name for name in found)
    assert all(gradient.any() for name, gradient in found.items() if "lora_B" in name)


def whole_logits(model: Model, batch: Batch) -> torch.Tensor:
    logits: torch.Tensor = model(input_ids=batch.ids, attention_mask=batch.attention).logits
    return logits[batch.learned_mask]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_distillation_in_pieces_is_distillation(
    piece: int,
    alpha: float,
    centre: BaseModel,
    edge: BaseModel,
    adapter_folder: Path,
    distill_params: Distill,
    examples: list[Example],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(learned_loss, "PIECE", piece)
    renderer = ChatRenderer.from_folder(centre.folder, True)
    rows = rows_of([e.messages for e in examples[:6]], renderer, renderer, 320)
    (pair,) = batches_of(rows, 6, renderer.end_id)
    assert pair.teacher is not None
    params = distill_params.model_copy(update={"alpha": alpha})
    student, teacher = load_student(edge, params), load_teacher(centre, adapter_folder, params)
    soft = whole_logits(teacher, pair.teacher).detach() if alpha else None
    hard, shared = whole_logits(student, pair.student), slice(490)
    loss = distillation_loss(soft, hard, pair.student.targets, alpha, params.temperature, shared)
    expected = gradients(student, loss)
    student.zero_grad()
    objective = OffPolicy(model_pair(centre, edge, teacher if alpha else None, shared), params)
    ours = backward(student, objective, [pair])
    assert ours == pytest.approx(loss.item(), abs=1e-5)
    for name, parameter in student.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-4, atol=1e-6)
    if soft is not None:
        figures = objective.measure(student, rows)
        targets = pair.student.targets
        assert figures["student_loss"] == pytest.approx(functional.cross_entropy(hard, targets).item(), abs=1e-5)
        assert figures["teacher_loss"] == pytest.approx(functional.cross_entropy(soft, targets).item(), abs=1e-5)
        same = (hard[:, shared].argmax(-1) == soft[:, shared].argmax(-1)).float().mean().item()
        assert figures["student_agreement"] == pytest.approx(same, abs=1e-6)


def test_accumulated_batches_are_one_batch(
    centre: BaseModel, finetune_params: Finetune, examples: list[Example], tmp_path: Path
) -> None:
    """Answers differ in length, so a mean of the batches' means would be another loss."""
    changes = ({"batch_size": 8, "gradient_accumulation": 1}, {"batch_size": 1, "gradient_accumulation": 8})
    losses = []
    for number, change in enumerate(changes):
        params = finetune_params.model_copy(update={"max_steps": 2} | change)
        losses.append(finetune(centre, examples, params, None, tmp_path / str(number)).losses)
    assert [loss for _, loss in losses[0]] == pytest.approx([loss for _, loss in losses[1]], rel=1e-4)


@pytest.mark.parametrize(("native", "computed"), [(False, "float32"), (True, "bfloat16")])
def test_bfloat16_is_computed_where_it_is_native(
    native: bool, computed: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(precision, "native_bf16", lambda: native)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert precision.supported_precision("bfloat16", "finetune") == computed
    assert ("finetune.dtype: bfloat16, but this CPU emulates it" in caplog.text) is not native
    assert precision.supported_precision("float32", "finetune") == "float32"


@pytest.mark.skipif(precision.native_bf16(), reason="this CPU multiplies bfloat16 natively")
def test_finetune_trains_in_float32_where_bfloat16_is_emulated(
    centre: BaseModel, finetune_params: Finetune, examples: list[Example], tmp_path: Path
) -> None:
    some = finetune_params.model_copy(update={"max_steps": 2})
    wanted = finetune(centre, examples, some, None, tmp_path / "float32")
    asked = finetune(centre, examples, some.model_copy(update={"dtype": "bfloat16"}), None, tmp_path / "bfloat16")
    assert asked.losses == wanted.losses
