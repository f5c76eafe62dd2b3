"""The base stage: builds the same model twice, resolves folders, explains what it cannot resolve."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3ForCausalLM

from kefu.errors import Unusable
from kefu.finite import NotFinite
from kefu.io import content_hash, read_json, write_json
from kefu.llm.base_models import BaseModel, ChangedBase, MissingBase, Which, open_base
from kefu.params import read_params
from pipelines import base as stage_base
from pipelines import stage
from tests.models.conftest import chats, with_bad_weight
from training.base_models import BaseModelReport, prepare
from training.params.base import Base
from training.pretrain import save
from training.tokenizer import qwen_template


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


def test_a_base_that_changed_since_is_refused(centre: BaseModel, base_params: Base, tmp_path: Path) -> None:
    """DVC does not see a folder of the user's, and the champion's adapter fits the old weights only."""
    local = shutil.copytree(centre.folder, tmp_path / "checkpoint")
    prepare(base_params.model_copy(update={"centre": str(local), "edge": str(local)}), [], tmp_path / "base")
    with_bad_weight(centre, tmp_path / "other", "model.norm.weight", value=3.0)
    shutil.copyfile(tmp_path / "other/model.safetensors", local / "model.safetensors")
    for which in ("centre", "edge"):
        with pytest.raises(ChangedBase, match=r"'.*checkpoint' was changed since.*dvc repro -f base"):
            open_base(tmp_path / "base", which)


def change_json(path: Path, **values: object) -> None:
    write_json(path, read_json(path) | values)


OTHER_FAMILIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "an unknown architecture": (
        lambda folder: change_json(folder / "config.json", model_type="gemma3_text"),
        "unknown, as is its model_type 'gemma3_text'",
    ),
    "no ChatML tokens": (
        lambda folder: change_json(folder / "tokenizer.json", added_tokens=[]),
        r"no '<\|im_start\|>' token",
    ),
    "another template": (
        lambda folder: (folder / "chat_template.jinja").write_text(qwen_template("llama3")),
        "its chat template writes",
    ),
    "no template": (lambda folder: (folder / "chat_template.jinja").unlink(), "no chat template"),
}


@pytest.mark.parametrize("which", ["centre", "edge"])
@pytest.mark.parametrize(("change", "said"), OTHER_FAMILIES.values(), ids=OTHER_FAMILIES)
def test_a_model_that_a_later_stage_would_refuse_is_refused_at_once(
    change: Callable[[Path], None], said: str, which: str, centre: BaseModel, base_params: Base, tmp_path: Path
) -> None:
    good = shutil.copytree(centre.folder, tmp_path / "good")
    other = shutil.copytree(centre.folder, tmp_path / "other")
    change(other)
    names = {"centre": str(good), "edge": str(good), which: str(other)}
    with pytest.raises(Unusable, match=rf"base\.{which}: .*{said}"):
        prepare(base_params.model_copy(update=names), [], tmp_path / "base")
    assert not (tmp_path / "base").exists()


def test_vocabularies_that_distill_would_refuse_are_refused_by_the_stage(
    centre: BaseModel, registry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = shutil.copytree(centre.folder, tmp_path / "other")
    tokenizer = read_json(other / "tokenizer.json")
    vocabulary = tokenizer["model"]["vocab"]
    one, two = [token for token, i in vocabulary.items() if i in (40, 41)]
    vocabulary[one], vocabulary[two] = vocabulary[two], vocabulary[one]
    write_json(other / "tokenizer.json", tokenizer)
    raw = read_params(profile="local")
    raw["base"] |= {"centre": str(centre.folder), "edge": str(other)}
    (tmp_path / "chats.jsonl").touch()
    monkeypatch.setattr(stage, "METRICS", tmp_path / "metrics")
    for module in (stage, stage_base):
        monkeypatch.setattr(module, "read_params", lambda: raw)
    for name in ("BASE", "CORPUS", "PLOTS"):
        monkeypatch.setattr(stage_base, name, tmp_path / ("" if name == "CORPUS" else name))
    with pytest.raises(SystemExit, match=r"base: .* have different vocabularies"):
        stage_base.main()
    raw["distill"]["alpha"] = 0.0
    stage_base.main()


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
