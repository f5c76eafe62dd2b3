"""Every shipped profile parses, its training arguments are accepted, and the big one is what it claims."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

from distill.memory import distill_memory
from evaluation.memory import evaluate_memory
from kefu import params
from kefu.llm.models import ATTENTION_AND_MLP, MODELS, PUBLISHED, facts
from kefu.paths import ROOT
from pipelines.params import load_params
from training.memory import (
    INT4_BYTES,
    NF4_BYTES,
    config_of,
    finetune_memory,
    of_folder,
    of_published,
    on_meta,
)
from training.trainer.trl_arguments import sft_config

PROFILES = params.profiles()


@pytest.mark.parametrize("profile", PROFILES)
def test_parses(profile: str) -> None:
    assert load_params(profile=profile).profile == profile


def test_the_real_size_is_of_the_models_that_the_readme_names() -> None:
    base = load_params(profile="qwen3-8b").base
    assert (base.centre, base.edge) == ("Qwen/Qwen3-8B", "Qwen/Qwen2.5-1.5B-Instruct")
    readme = (ROOT / "README.md").read_text(encoding="utf8")
    assert f"`dvc exp run -S profile=qwen3-8b` uses {base.centre} and {base.edge}" in readme


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("section", ["finetune", "distill", "base"])
def test_an_unknown_parameter_is_named(profile: str, section: str, tmp_path: Path) -> None:
    raw = yaml.safe_load(params.PARAMS.read_text(encoding="utf8"))
    raw["profiles"][profile][section]["learning_rat"] = 1.0
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(params.ParamsError, match=rf"{section}\.learning_rat"):
        load_params(tmp_path / "params.yaml", profile)


def test_a_removed_parameter_says_what_took_its_place(tmp_path: Path) -> None:
    raw = yaml.safe_load(params.PARAMS.read_text(encoding="utf8"))
    raw["base"]["minutes"] = 12
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(params.ParamsError, match=r"base\.minutes: was removed: base\.steps and base\.edge_steps alone"):
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("gpu", [False, True])
@pytest.mark.parametrize("profile", PROFILES)
def test_trl_accepts_the_training_arguments(
    profile: str, gpu: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuning = load_params(profile=profile).finetune
    if gpu:  # what TRL checks on a machine with one
        monkeypatch.setattr("training.trainer.trl_arguments.on_gpu", lambda: True)
        monkeypatch.setattr("transformers.training_args.is_torch_bf16_gpu_available", lambda: True)
    config = sft_config(tuning, tmp_path)
    assert config.bf16 == (tuning.dtype == "bfloat16")
    assert config.learning_rate == tuning.learning_rate
    assert config.gradient_checkpointing == tuning.gradient_checkpointing
    assert not config.packing


@pytest.mark.parametrize("profile", PROFILES)
def test_models_have_facts(profile: str) -> None:
    base = load_params(profile=profile).base
    for name in (base.centre, base.edge):
        if profile != "local":  # whose folders are the user's
            assert facts(name).lora_targets
    if profile == "qwen3-8b":
        assert (base.centre, base.edge) == ("Qwen/Qwen3-8B", "Qwen/Qwen2.5-1.5B-Instruct")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_lora_learns_at_the_rate_of_one(profile: str) -> None:
    """A LoRA needs some ten times the rate of all weights (trl#4207); steps of one chat would be noise."""
    distilling = load_params(profile=profile).distill
    if distilling.rank is not None:
        assert 1e-4 <= distilling.learning_rate <= 3e-4
        assert distilling.batch_size * distilling.gradient_accumulation >= 8
        assert distilling.gradient_checkpointing and distilling.answer_batch_size >= 8


# Billions of parameters as the model cards give them.
@pytest.mark.parametrize(
    ("name", "card"), [("Qwen/Qwen3-8B", 8.19), ("Qwen/Qwen3-1.7B", 1.72), ("Qwen/Qwen2.5-1.5B-Instruct", 1.54)]
)
def test_architecture_and_adapter(name: str, card: float) -> None:
    model = on_meta(config_of(PUBLISHED[name]), MODELS[name].lora_targets, rank=16)
    shape = PUBLISHED[name].shape
    trainable, everything = model.get_nb_trainable_parameters()
    assert round((everything - trainable) / 1e9, 2) == card
    assert all(p.device.type == "meta" for p in model.parameters())
    # A rank-r adapter on a matrix (out, in) has r * (in + out) weights.
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    sides = [
        *(shape.hidden + queries, shape.hidden + keys, shape.hidden + keys, queries + shape.hidden),
        *(shape.hidden + shape.intermediate,) * 3,
    ]
    assert trainable == 16 * sum(sides) * shape.layers
    adapted = {n.split(".lora_A")[0].rsplit(".", 1)[-1] for n, _ in model.named_parameters() if "lora_A" in n}
    assert adapted == set(MODELS[name].lora_targets)
    assert config_of(PUBLISHED[name]).rope_parameters["rope_theta"] == 1e6


def test_8b_fits_a_24_gb_card() -> None:
    """Every stage of the shipped profile, with the longest chats it allows; CUDA's own gigabyte is left to it."""
    params = load_params(profile="qwen3-8b")
    centre, edge = (of_published(name) for name in (params.base.centre, params.base.edge))
    assert 16 * centre.lora_sides == 43_646_976
    assert 16.0e9 < centre.plain_weights("bfloat16") < 16.8e9
    # Embeddings stay in bfloat16: not the fourfold of the layers.
    assert 2.5 < centre.plain_weights("bfloat16") / centre.nf4_weights("bfloat16") < 3
    needed = [
        finetune_memory(centre, params.finetune, "gpu"),
        distill_memory(centre, edge, params.distill),
        evaluate_memory(centre, edge, "bfloat16", params.evaluate.max_new_tokens),
    ]
    assert all(memory.total < 23e9 for memory in needed)


def test_8b_in_int4_is_below_5_gb() -> None:
    """With an int4 output matrix and int8 embeddings; AWQ's folders leave both in 16 bits, and are not."""
    centre = of_published("Qwen/Qwen3-8B")
    assert centre.int4_weights("int8") <= 5.0e9 < centre.int4_weights("bfloat16")
    inside = centre.parameters - centre.linear - 2 * centre.table  # the norms
    assert centre.int4_weights("int8") == (centre.linear + centre.table) * INT4_BYTES + centre.table + 2 * inside


def test_a_folder_is_counted_as_the_published_model(tmp_path: Path) -> None:
    config_of(PUBLISHED["Qwen/Qwen3-1.7B"]).save_pretrained(tmp_path)
    assert of_folder(tmp_path, ATTENTION_AND_MLP) == of_published("Qwen/Qwen3-1.7B")


def test_nf4_bytes_are_what_bitsandbytes_stores() -> None:
    from bitsandbytes.functional import quantize_4bit

    weight = torch.randn(1024, 1024)
    packed, state = quantize_4bit(weight, quant_type="nf4", compress_statistics=True)
    stored = packed.nbytes + state.absmax.nbytes + state.state2.absmax.nbytes
    assert stored / weight.numel() == pytest.approx(NF4_BYTES, rel=1e-3)
