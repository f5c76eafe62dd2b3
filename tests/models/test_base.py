"""The base stage: builds the same model twice, resolves folders, explains what it cannot resolve."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3ForCausalLM

from kefu.finite import NotFinite
from kefu.io import content_hash, read_json
from kefu.llm.base_models import BaseModel, MissingBase, Which, open_base
from tests.models.conftest import chats
from training.base_models import BaseModelReport, prepare
from training.params.base import Base
from training.pretrain import save


def test_builds_a_model_that_transformers_loads(centre: BaseModel) -> None:
    tokenizer = AutoTokenizer.from_pretrained(centre.folder)
    model = AutoModelForCausalLM.from_pretrained(centre.folder)
    assert model.config.model_type == "qwen3"
    assert model.config.vocab_size == len(tokenizer)
    assert tokenizer.convert_ids_to_tokens(model.config.eos_token_id) == "<|im_end|>"
    chat = tokenizer.apply_chat_template([{"role": "user", "content": "怎么退货"}], tokenize=False)
    assert chat == "<|im_start|>user\n怎么退货<|im_end|>\n"


def test_training_lowers_the_held_out_loss(built: tuple[Path, dict[Which, BaseModelReport]]) -> None:
    centre = built[1]["centre"]
    assert centre.losses[0][1] > 5.5  # near ln(500), as it must be before training
    assert centre.metrics["held_out_loss"] < 4


def test_an_empty_corpus_is_refused(base_params: Base, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="corpus is empty"):
        prepare(base_params, [], tmp_path / "base")
    assert not (tmp_path / "base").exists()


def test_the_same_inputs_give_the_same_bytes_on_a_slow_machine_and_without_the_probe(
    base_params: Base, base_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour passes between any two looks at the clock: both models get all their steps."""
    hours = count(step=3600.0)
    monkeypatch.setattr("training.pretrain.time.monotonic", lambda: next(hours))
    monkeypatch.setattr("training.base_models.seconds_a_step", lambda *_: 0.0)
    again = prepare(base_params, chats(60, seed=1), tmp_path / "base")
    assert [len(again[which].losses) for which in ("centre", "edge")] == [80, 5]
    assert [again[which].metrics["steps"] for which in ("centre", "edge")] == [80, 5]
    assert content_hash(tmp_path / "base") == content_hash(base_folder)


@pytest.mark.parametrize(("seconds", "minutes", "long"), [(3.0, "4.2 minutes", False), (60.0, "85.0 minutes", True)])
def test_the_expected_minutes_are_said_before_it_starts(
    seconds: float,
    minutes: str,
    long: bool,
    base_params: Base,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def begin(*_: object) -> None:
        raise InterruptedError

    monkeypatch.setattr("training.base_models.seconds_a_step", lambda *_: seconds)
    monkeypatch.setattr("training.base_models.pretrain", begin)
    with caplog.at_level("INFO", "training.base_models"), pytest.raises(InterruptedError):
        prepare(base_params, chats(60, seed=1), tmp_path / "base")
    (said,) = [record.getMessage() for record in caplog.records if record.name == "training.base_models"]
    assert "centre 80 steps, edge 5 steps" in said
    assert minutes in said
    assert ("choose a smaller size" in said) == long
    assert "\n" not in said


def test_a_run_that_diverges_stops_and_leaves_the_last_one(
    base_params: Base, base_folder: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(base_folder, tmp_path / "base")
    with pytest.raises(NotFinite, match=r"base centre: step \d+: .*base\.learning_rate 1e\+30.* lower base\.learn"):
        prepare(base_params.model_copy(update={"learning_rate": 1e30}), chats(60, seed=1), out)
    assert content_hash(out) == content_hash(base_folder)
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


def test_weights_that_are_not_finite_are_never_written(centre: BaseModel, tmp_path: Path) -> None:
    model = Qwen3ForCausalLM.from_pretrained(centre.folder)
    model.model.layers[1].mlp.up_proj.weight.data[3, 5] = float("inf")
    with pytest.raises(NotFinite, match=r"base edge: model\.layers\.1\.mlp\.up_proj\.weight holds .* not finite"):
        save(model, tmp_path / "edge")
    assert not (tmp_path / "edge").exists()


def test_a_local_folder_is_recorded_not_copied(centre: BaseModel, base_params: Base, tmp_path: Path) -> None:
    local = str(shutil.copytree(centre.folder, tmp_path / "checkpoint"))
    prepare(base_params.model_copy(update={"centre": local, "edge": local}), [], tmp_path / "base")
    assert [path.name for path in (tmp_path / "base").iterdir()] == ["base.json"]
    found = open_base(tmp_path / "base", "centre")
    assert found.folder == tmp_path / "checkpoint"
    assert found.ref.content_hash == centre.ref.content_hash
    assert found.facts.empty_think  # known from the architecture its config names
    shutil.rmtree(local)
    with pytest.raises(MissingBase, match="dvc repro -f base"):
        open_base(tmp_path / "base", "centre")


def test_a_folder_without_weights_is_refused(centre: BaseModel, base_params: Base, tmp_path: Path) -> None:
    broken = shutil.copytree(centre.folder, tmp_path / "broken")
    (broken / "model.safetensors").unlink()
    with pytest.raises(MissingBase, match=r"\*\.safetensors missing"):
        prepare(base_params.model_copy(update={"centre": str(broken)}), chats(60, seed=1), tmp_path / "base")


@pytest.mark.parametrize("name", ["Qwen/Qwen3-8B", "no such/model/at all"])
def test_without_a_hub_the_error_says_what_to_do(
    name: str, base_params: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(MissingBase, match=r"neither a local folder nor .* the profile `tiny`") as caught:
        prepare(base_params.model_copy(update={"centre": name, "edge": name}), [], tmp_path / "base")
    assert name in str(caught.value)
    assert not (tmp_path / "base").exists()


def test_base_json_names_what_was_used(base_folder: Path) -> None:
    entries = read_json(base_folder / "base.json")
    assert entries["centre"]["name"] == "micro"
    assert entries["centre"]["content_hash"] == content_hash(base_folder / "centre")
