"""`kefu plan`: memory and hours of each stage, on the cards a shop may rent."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kefu.errors import Unusable
from pipelines.commands.cli import app
from pipelines.commands.plan import CARDS, Lengths, Work, architecture, stages
from pipelines.params import load_params

LENGTHS = Lengths(chat=250, answer=30)


@pytest.mark.parametrize("profile", ["qwen3-8b", "tiny"])
def test_prints_each_stage_for_both_cards(profile: str) -> None:
    shown = CliRunner().invoke(app, ["plan", "--profile", profile])
    assert shown.exit_code == 0, shown.output
    for words in ("finetune", "teacher answers", "student learns", "export", "evaluate", "24 GB", "80 GB", "int4"):
        assert words in shown.output
    assert "does not fit" not in shown.output
    assert "measured on no GPU" in shown.output


def test_a_stage_that_does_not_fit_is_shown() -> None:
    params = load_params(profile="qwen3-8b")
    large = params.model_copy(update={"finetune": params.finetune.model_copy(update={"quantize": False, "rank": 512})})
    (tune, *_), card = stages(large, LENGTHS), CARDS[0]
    assert tune.memory and tune.memory.total > card.memory


def test_more_work_takes_more_hours() -> None:
    params = load_params(profile="qwen3-8b")
    half = params.model_copy(update={"build": params.build.model_copy(update={"max_sft": params.build.max_sft // 2})})
    whole, less = (stages(some, LENGTHS) for some in (params, half))
    for card in CARDS:
        assert less[0].work.hours(card) == pytest.approx(whole[0].work.hours(card) / 2)
    small, large = CARDS
    assert all(stage.work.hours(large) <= stage.work.hours(small) for stage in whole)


def test_workers_share_a_batch() -> None:
    params = load_params(profile="qwen3-8b")
    batch = {"batch_size": 4, "gradient_accumulation": 4}
    alone, shared = (
        stages(params.model_copy(update={"finetune": params.finetune.model_copy(update=batch | more)}), LENGTHS)[0]
        for more in ({}, {"workers": 4})
    )
    assert shared.name == "finetune, each of 4 workers" and alone.memory and shared.memory
    assert shared.memory.activations == pytest.approx(alone.memory.activations / 4)
    assert shared.memory.weights == alone.memory.weights
    assert shared.work.operations == pytest.approx(alone.work.operations / 4)


def test_writing_a_token_takes_the_longer_of_traffic_and_step() -> None:
    card = CARDS[0]
    read = Work(traffic=card.traffic, steps=1)  # a second at the card's peak
    assert read.hours(card) > Work(steps=1).hours(card) > 0
    assert read.hours(card) == Work(traffic=card.traffic).hours(card)


def test_an_unknown_model_is_refused_with_what_to_do() -> None:
    with pytest.raises(Unusable, match=r"base\.centre.*'nobody/nothing' is neither a local folder nor one of Qwen/"):
        architecture("nobody/nothing", load_params(profile="tiny"))


def test_the_profile_local_asks_for_its_folders(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["plan", "--profile", "local"])
    assert shown.exit_code == 1 and "checkpoints/centre" in shown.output


def test_the_command_of_vllm_is_shown() -> None:
    shown = CliRunner().invoke(app, ["plan", "--profile", "qwen3-8b"]).output
    (line,) = [line for line in shown.splitlines() if "vllm serve" in line]
    assert "--tensor-parallel-size 1" in line and "--max-model-len 4096" in line and "--max-num-seqs 32" in line
    assert "vllm serve" not in CliRunner().invoke(app, ["plan", "--profile", "tiny"]).output
