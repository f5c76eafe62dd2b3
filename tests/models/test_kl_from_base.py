"""The distance from the base: zero without training, growing with it, and of the base's own answers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from distill.kl_from_base import general_prompts, kl_from_base
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.shop.slots import language
from training.adapter import load_apart, lora
from training.params.finetune import Finetune

TOKENS = 6


def test_there_are_a_hundred_chinese_questions() -> None:
    asked = general_prompts()
    assert len(asked) == len(set(asked)) == 100
    assert {language(text) for text in asked} == {"zh"}


@pytest.fixture
def renderer(centre: BaseModel) -> ChatRenderer:
    return ChatRenderer.from_folder(centre.folder, centre.facts.empty_think)


def test_a_new_adapter_is_no_distance(centre: BaseModel, finetune_params: Finetune, renderer: ChatRenderer) -> None:
    base = AutoModelForCausalLM.from_pretrained(centre.folder)
    new = get_peft_model(base, lora(base, centre, finetune_params))
    assert kl_from_base(new, renderer, TOKENS) == 0


def test_the_distance_grows_with_the_adapters_weight(
    centre: BaseModel, adapter_folder: Path, renderer: ChatRenderer
) -> None:
    model = load_apart(centre, adapter_folder)
    logits = _logits(model)
    found = [kl_from_base(model, renderer, TOKENS)]
    assert torch.equal(_logits(model), logits)  # the adapter is on again
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data *= 2
    found.append(kl_from_base(model, renderer, TOKENS))
    assert 0 < found[0] < found[1]


@torch.no_grad()
def _logits(model: PeftModel) -> torch.Tensor:
    logits: torch.Tensor = model(input_ids=torch.arange(12)[None]).logits
    return logits
