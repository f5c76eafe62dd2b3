"""Export compares what is served with what was trained, and stops where a step between them changed it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraModel, PeftModel
from safetensors.torch import load_file, save_file

from distill import export
from distill.params import Export
from distill.parity import ModelsDiffer, chats_to_compare
from kefu.errors import Unusable
from kefu.finite import NotFinite
from kefu.io import read_json, write_json
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.schema import Example
from pipelines.params import load_params
from tests.models.conftest import with_bad_weight

MATRIX = "model.layers.0.self_attn.o_proj.weight"
Run = Callable[..., dict[str, float]]


@pytest.fixture(scope="session")
def params() -> Export:
    """The bounds that ship; general questions have tests of their own."""
    return load_params().export.model_copy(update={"general_tokens": 0})


@pytest.fixture
def export_centre(
    centre: BaseModel,
    examples: list[Example],
    adapter_folder: Path,
    params: Export,
    tmp_path: Path,
) -> Run:
    """The stage's own chain on the micro model; keyword arguments change params, ``base`` the base."""

    def run(base: BaseModel = centre, **changed: object) -> dict[str, float]:
        shipped, changed_params = load_params().finetune, params.model_copy(update=changed)
        return export.export_centre(base, adapter_folder, examples, shipped, changed_params, tmp_path / "centre")

    return run


def perturbed(weight: torch.Tensor) -> torch.Tensor:
    """The matrix with noise of its own size."""
    noise = torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    return weight + float(weight.std()) * noise


def test_a_good_merge_passes_and_the_figures_tell_what_four_bits_cost(export_centre: Run, tmp_path: Path) -> None:
    found = export_centre()
    assert found["parity.merged.kl"] < 1e-6 and found["parity.served.kl"] == 0
    assert found["parity.merged.agreement"] == found["parity.served.agreement"] == 1
    assert found["parity.adapter.kl"] > 1e-5  # NF4 is not the base's own precision
    assert found["parity.served.loss"] == pytest.approx(found["parity.adapter.loss"], abs=1e-5)
    assert (tmp_path / "centre/model.safetensors").is_file()


@pytest.mark.parametrize("chats", [0, 2])
def test_the_distance_from_the_base_is_measured_before_the_merge(chats: int, export_centre: Run) -> None:
    assert 0 < export_centre(parity_chats=chats, general_tokens=2)["general.kl"] < 10


def test_a_merge_with_one_perturbed_matrix_fails(export_centre: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    merge = LoraModel.merge_and_unload

    def spoil(model: LoraModel) -> torch.nn.Module:
        merged = merge(model)
        weight = merged.get_parameter(MATRIX)
        weight.data = perturbed(weight.data)
        return merged

    monkeypatch.setattr(LoraModel, "merge_and_unload", spoil)
    with pytest.raises(ModelsDiffer, match=r"parity: merged: its KL from the adapter model .*export\.max_kl\.merged"):
        export_centre()


def change_saved(monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]) -> None:
    merge = export.merge

    def then(model: PeftModel, base: BaseModel, out: Path) -> object:
        merged = merge(model, base, out)
        change(out)
        return merged

    monkeypatch.setattr(export, "merge", then)


def test_a_file_that_is_not_what_was_merged_fails(export_centre: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(folder: Path) -> None:
        path = folder / "model.safetensors"
        weights = load_file(path)
        save_file({**weights, MATRIX: perturbed(weights[MATRIX])}, path, metadata={"format": "pt"})

    change_saved(monkeypatch, change)
    with pytest.raises(ModelsDiffer, match=r"parity: served: its KL from the merged model .*disk"):
        export_centre()


def test_another_tokenizer_fails(export_centre: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(folder: Path) -> None:
        tokenizer = read_json(folder / "tokenizer.json")
        del tokenizer["model"]["merges"][-40:]
        write_json(folder / "tokenizer.json", tokenizer)

    change_saved(monkeypatch, change)
    with pytest.raises(ModelsDiffer, match="parity: served: .*writes other tokens than the merged model's"):
        export_centre()


@pytest.mark.parametrize(
    ("bound", "wrong"),
    [
        (
            {"max_kl": {"adapter": 0, "merged": 1, "served": 1}},
            r"its KL .*export\.max_kl\.adapter 0.*quantize to false",
        ),
        (
            {"min_agreement": {"adapter": 1.01, "merged": 0, "served": 0}},
            r"agrees .* tokens \(export\.min_agreement\.adapter 1\.01\)",
        ),
    ],
)
def test_a_bound_that_is_missed_is_named(
    bound: dict[str, dict[str, float]], wrong: str, export_centre: Run, params: Export
) -> None:
    changed = Export.model_validate(params.model_dump() | bound)
    with pytest.raises(ModelsDiffer, match=f"parity: adapter: .*{wrong}"):
        export_centre(**{name: getattr(changed, name) for name in bound})


def test_a_base_with_a_nan_is_no_number(export_centre: Run, centre: BaseModel, tmp_path: Path) -> None:
    with pytest.raises(NotFinite, match="loss of the trained model: nan is not finite"):
        export_centre(base=with_bad_weight(centre, tmp_path / "bad", MATRIX))


def test_without_chats_nothing_is_measured(export_centre: Run, tmp_path: Path) -> None:
    assert export_centre(parity_chats=0) == {}
    assert (tmp_path / "centre/model.safetensors").is_file()


def test_held_out_chats_are_compared_and_those_of_training_when_there_are_none(
    centre: BaseModel, examples: list[Example], params: Export
) -> None:
    renderer = ChatRenderer.from_folder(centre.folder, centre.facts.empty_think)
    held_out = {e.messages for e in examples if e.split == "eval"}
    assert set(chats_to_compare(examples, renderer, 320, params)) == held_out
    training = [e for e in examples if e.split == "train"]
    assert len(chats_to_compare(training, renderer, 320, params)) == params.parity_chats
    with pytest.raises(Unusable, match=r"within finetune\.max_length \(5\)"):
        chats_to_compare(examples, renderer, 5, params)
