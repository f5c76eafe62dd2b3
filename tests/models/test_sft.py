"""QLoRA: really four bits, gradients as without quantization kernels, only answers learned, resumable."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Linear4bit
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from kefu.errors import Unusable
from kefu.finite import NotFinite
from kefu.io import content_hash, read_json
from kefu.llm.base_models import BaseModel
from kefu.llm.chat import ChatRenderer
from kefu.registry.seal import seal
from kefu.schema import Example
from pipelines import finetune as stage_finetune
from pipelines import stage
from tests.models.conftest import with_bad_weight
from training import adapter, quantized, sft
from training.adapter import load_apart, merge
from training.params.finetune import Finetune
from training.sft import FinetuningResult, finetune
from training.trainer.chats import Row, mean_loss, rows


def chats_of(centre: BaseModel, examples: list[Example]) -> list[Row]:
    return rows(examples, ChatRenderer.from_folder(centre.folder, True), 320)


def test_four_bits_and_gradients(centre: BaseModel, finetune_params: Finetune, examples: list[Example]) -> None:
    """After an evaluation, too: bitsandbytes' inference kernel must not stay in the way of gradients."""
    batch = chats_of(centre, examples)[:2]
    model, _ = adapter.attach(quantized.load(centre, finetune_params), centre, finetune_params, None)
    layers = [m for m in model.modules() if isinstance(m, Linear4bit)]
    assert len(layers) == 2 * 7
    assert all(layer.weight.dtype == torch.uint8 for layer in layers)
    mean_loss(model, batch)
    # The same weights, dequantized, in a plain model: what the gradients have to be.
    plain = AutoModelForCausalLM.from_pretrained(centre.folder)
    weights: dict[str, Any] = {
        n: m.weight for n, m in model.get_base_model().named_modules() if isinstance(m, Linear4bit)
    }
    for name, weight in weights.items():
        target = plain.get_submodule(name.replace(".base_layer", ""))
        target.weight.data = dequantize_4bit(weight.data, weight.quant_state)
    reference, _ = adapter.attach(plain, centre, finetune_params, None)
    gradients = [_gradients(one, batch[0]) for one in (model, reference)]
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=1e-3, atol=1e-5)


def test_an_empty_set_is_explained_by_the_stage(
    centre: BaseModel, registry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "METRICS", tmp_path / "metrics")
    monkeypatch.setattr(stage_finetune, "SETS", tmp_path)
    monkeypatch.setattr(stage_finetune, "CHAMPION", tmp_path / "champion.json")
    monkeypatch.setattr(stage_finetune, "open_base", lambda base, which: centre)
    (tmp_path / "sft.jsonl").touch()
    (tmp_path / "preferences.jsonl").touch()
    (tmp_path / "champion.json").write_text('{"version": null}')
    with pytest.raises(SystemExit, match=r"^finetune: the SFT set has no training chat that fits max_length: "):
        stage_finetune.main()


def _gradients(model: torch.nn.Module, row: Row) -> dict[str, torch.Tensor]:
    model.train()
    model(input_ids=torch.tensor([row.input_ids]), labels=torch.tensor([row.labels])).loss.backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def test_loss_falls_and_equal_runs_give_equal_bytes(
    centre: BaseModel,
    finetune_params: Finetune,
    examples: list[Example],
    trained: tuple[Path, FinetuningResult],
    tmp_path: Path,
) -> None:
    folder, tuned = trained
    assert tuned.metrics["eval_loss"] < 0.6 * tuned.metrics["eval_loss_before"]
    assert tuned.metrics["trainable_parameters"] == sum(v.numel() for v in weights_of(folder).values())
    assert len(tuned.losses) == 12
    finetune(centre, examples, finetune_params, None, tmp_path / "again")
    assert content_hash(tmp_path / "again") == content_hash(folder)
    assert str(centre.folder) not in (folder / "adapter_config.json").read_text()


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def test_only_the_last_answer_is_learned(centre: BaseModel, examples: list[Example]) -> None:
    renderer = ChatRenderer.from_folder(centre.folder, True)
    for row, example in zip(chats_of(centre, examples), examples, strict=True):
        learned = renderer.decode([label for label in row.labels if label != -100])
        assert learned == example.messages[-1].content
        assert all(label in (-100, token) for token, label in zip(row.input_ids, row.labels, strict=True))


def test_trainer_takes_the_mask(
    centre: BaseModel, finetune_params: Finetune, examples: list[Example], tmp_path: Path
) -> None:
    """The loss that TRL reports at the first step is ours over the masked tokens of that batch alone."""
    one = [examples[1]] * 4
    still = finetune_params.model_copy(update={"max_steps": 1, "learning_rate": 1e-9})
    tuned = finetune(centre, one, still, None, tmp_path / "still")
    model, _ = adapter.attach(quantized.load(centre, still), centre, still, None)
    assert tuned.losses[0][1] == pytest.approx(mean_loss(model, chats_of(centre, one[:1])), rel=1e-3)


def test_long_chats_lose_their_oldest_messages(centre: BaseModel, examples: list[Example]) -> None:
    renderer = ChatRenderer.from_folder(centre.folder, True)
    longest = max(examples, key=lambda e: len(renderer.render(e.messages).ids))
    limit = len(renderer.render(longest.messages).ids) - 1
    cut = renderer.fit(longest.messages, limit)
    assert cut == (longest.messages[0], *longest.messages[2:])
    assert rows([longest], renderer, 10) == []


def release_of(centre: BaseModel, adapter_folder: Path, folder: Path) -> Path:
    (folder / "adapter").mkdir(parents=True)
    for path in adapter_folder.iterdir():
        (folder / "adapter" / path.name).write_bytes(path.read_bytes())
    seal(folder, "tiny", {"centre": centre.ref, "edge": centre.ref}, None)
    return folder


def test_continues_the_champion(
    centre: BaseModel, finetune_params: Finetune, adapter_folder: Path, tmp_path: Path
) -> None:
    champion = release_of(centre, adapter_folder, tmp_path / "release")
    model, continued = adapter.attach(quantized.load(centre, finetune_params), centre, finetune_params, champion)
    assert continued
    trainable = {n.replace(".default", ""): p for n, p in model.named_parameters() if p.requires_grad}
    assert trainable.keys() == weights_of(adapter_folder).keys()
    for name, weight in weights_of(adapter_folder).items():
        torch.testing.assert_close(trainable[name].data, weight, rtol=0, atol=0)


@pytest.mark.parametrize("change", [{"rank": 8}, {"alpha": 16}, {"adapted_layers": 1}])
def test_another_shape_than_the_champions_is_an_error(
    change: dict[str, int], centre: BaseModel, finetune_params: Finetune, adapter_folder: Path, tmp_path: Path
) -> None:
    """It would throw away all that the champion learned; from_champion false says that this is meant."""
    champion = release_of(centre, adapter_folder, tmp_path / "release")
    params = finetune_params.model_copy(update=change)
    with pytest.raises(Unusable, match=r"another shape .* set finetune\.from_champion to false"):
        adapter.attach(quantized.load(centre, params), centre, params, champion)
    anew = params.model_copy(update={"from_champion": False})
    assert not adapter.attach(quantized.load(centre, anew), centre, anew, champion)[1]


def test_an_adapter_of_the_upper_layers_is_saved_and_continued(
    centre: BaseModel, finetune_params: Finetune, examples: list[Example], tmp_path: Path
) -> None:
    params = finetune_params.model_copy(update={"adapted_layers": 1, "max_steps": 2})
    finetune(centre, examples, params, None, tmp_path / "adapter")
    assert all(".layers.1." in name for name in weights_of(tmp_path / "adapter"))
    champion = release_of(centre, tmp_path / "adapter", tmp_path / "release")
    tuned = finetune(centre, examples, params, champion, tmp_path / "again")
    assert tuned.metrics["from_champion"] == 1
    merge(load_apart(centre, tmp_path / "again"), centre, tmp_path / "merged")
    with pytest.raises(Unusable, match=r"finetune\.adapted_layers: 3, but .* has 2 layers"):
        finetune(centre, examples, params.model_copy(update={"adapted_layers": 3}), None, tmp_path / "none")


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_dropout_is_todays_not_the_champions(
    dropout: float, centre: BaseModel, finetune_params: Finetune, adapter_folder: Path, tmp_path: Path
) -> None:
    champion = release_of(centre, adapter_folder, tmp_path / "release")
    params = finetune_params.model_copy(update={"dropout": dropout})
    model, _ = adapter.attach(quantized.load(centre, params), centre, params, champion)
    found = {getattr(m, "p", 0.0) for name, m in model.named_modules() if name.endswith("lora_dropout.default")}
    assert found == {dropout}
    adapter.save(model, centre, tmp_path / "saved")
    assert read_json(tmp_path / "saved/adapter_config.json")["lora_dropout"] == dropout


def test_the_first_step_learns(
    centre: BaseModel, finetune_params: Finetune, examples: list[Example], tmp_path: Path
) -> None:
    """A warm-up that begins at rate 0 left the adapter of a single step as it was."""
    finetune(centre, examples, finetune_params.model_copy(update={"max_steps": 1}), None, tmp_path / "adapter")
    assert any(w.any() for name, w in weights_of(tmp_path / "adapter").items() if "lora_B" in name)


def test_a_champion_on_another_base_is_not_continued(
    centre: BaseModel,
    edge: BaseModel,
    finetune_params: Finetune,
    adapter_folder: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    champion = release_of(edge, adapter_folder, tmp_path / "release")
    model, continued = adapter.attach(quantized.load(centre, finetune_params), centre, finetune_params, champion)
    assert not continued and "stands on another base" in caplog.text
    assert not any(p.any() for name, p in model.named_parameters() if "lora_B" in name)


def test_merged_model_is_base_plus_adapter(centre: BaseModel, adapter_folder: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    merge(load_apart(centre, adapter_folder), centre, tmp_path / "merged")
    ids = torch.arange(40).view(1, 40)
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").eval()
    base = AutoModelForCausalLM.from_pretrained(centre.folder).eval()
    untouched = base(ids).logits
    adapted = PeftModel.from_pretrained(base, str(adapter_folder)).eval()
    torch.testing.assert_close(merged(ids).logits, adapted(ids).logits, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(merged(ids).logits, untouched, atol=1e-2)
    merge(load_apart(centre, adapter_folder), centre, tmp_path / "again")
    assert content_hash(tmp_path / "merged") == content_hash(tmp_path / "again")


def test_a_nan_stops_training_at_its_step(
    centre: BaseModel,
    finetune_params: Finetune,
    examples: list[Example],
    adapter_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A weight that becomes NaN on the way, as with a rate that is too high: neither logged as 0.0 nor saved."""
    out = shutil.copytree(adapter_folder, tmp_path / "adapter")

    def spoil(model: PeftModel, *arguments: Any) -> object:
        next(p for p in model.parameters() if p.requires_grad).data[0, 0] = float("nan")
        return train(model, *arguments)

    train = sft.train_on_chats
    monkeypatch.setattr(sft, "train_on_chats", spoil)
    with pytest.raises(NotFinite, match=r"finetune: step 1: loss nan.*learning_rate 0\.01.*try 0\.001"):
        finetune(centre, examples, finetune_params, None, out)
    assert content_hash(out) == content_hash(adapter_folder)


def test_a_learning_rate_that_diverges_stops(
    centre: BaseModel, finetune_params: Finetune, examples: list[Example], adapter_folder: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(adapter_folder, tmp_path / "adapter")
    with pytest.raises(NotFinite, match=r"finetune"):
        finetune(centre, examples, finetune_params.model_copy(update={"learning_rate": 1e30}), None, out)
    assert content_hash(out) == content_hash(adapter_folder)


@pytest.mark.parametrize("quantize", [True, False])
@pytest.mark.parametrize("tensor", ["model.layers.0.mlp.down_proj.weight", "model.embed_tokens.weight"])
def test_a_base_with_one_nan_is_refused(
    tensor: str,
    quantize: bool,
    centre: BaseModel,
    finetune_params: Finetune,
    examples: list[Example],
    adapter_folder: Path,
    tmp_path: Path,
) -> None:
    """Also when no chat meets the weight: it would be in the release all the same."""
    out = shutil.copytree(adapter_folder, tmp_path / "adapter")
    bad = with_bad_weight(centre, tmp_path / "bad", tensor)
    params = finetune_params.model_copy(update={"quantize": quantize, "max_steps": 4})
    with pytest.raises(NotFinite, match=r"before step 1.* not finite.*dvc repro -f base"):
        finetune(bad, examples, params, None, out)
    assert content_hash(out) == content_hash(adapter_folder)


def test_an_adapter_that_is_not_finite_is_never_written(
    centre: BaseModel, finetune_params: Finetune, adapter_folder: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(adapter_folder, tmp_path / "adapter")
    model, _ = adapter.attach(quantized.load(centre, finetune_params), centre, finetune_params, None)
    next(p for p in model.parameters() if p.requires_grad).data[0, 0] = float("inf")
    with pytest.raises(NotFinite, match="finetune: the trained adapter: .*lora_A.* not finite"):
        adapter.save(model, centre, out)
    assert content_hash(out) == content_hash(adapter_folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_merged_model_that_is_not_finite_is_never_written(
    value: float, centre: BaseModel, adapter_folder: Path, tmp_path: Path
) -> None:
    bad = with_bad_weight(centre, tmp_path / "bad", "model.norm.weight", value)
    with pytest.raises(NotFinite, match=r"export: .*model\.norm\.weight"):
        merge(load_apart(bad, adapter_folder), bad, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_the_champion_is_asked_before_it_learns_and_its_answers_are_learned(
    centre: BaseModel, finetune_params: Finetune, examples: list[Example], adapter_folder: Path, tmp_path: Path
) -> None:
    """By the stage's own hook: what the adapter said before step 1 stands in the set, and its release counts it."""
    champion = release_of(centre, adapter_folder, tmp_path / "release")
    own = finetune_params.replay.model_copy(update={"share": 1.0, "max_new_tokens": 24})
    params = finetune_params.model_copy(update={"replay": own, "max_steps": 1})
    days = [e.model_copy(update={"dialogue_id": f"shop:2026-11-0{1 + n % 2}:{n}"}) for n, e in enumerate(examples)]
    older = [e for e in days if e.split == "train" and "-01:" in e.dialogue_id]
    hook, seen = stage_finetune.replay_of(days, params), list[Example]()
    assert hook is not None

    def watched(model: PeftModel, renderer: ChatRenderer) -> tuple[list[Example], dict[str, float]]:
        assert not model.training
        made, counts = hook(model, renderer)
        seen.extend(made)
        return made, counts

    tuned = finetune(centre, days, params, champion, tmp_path / "out", replay=watched)
    counts = {name: count for name, count in tuned.metrics.items() if name.startswith("replay.")}
    assert sum(counts.values()) == len(older) > 0 < counts["replay.taken"]
    said = {e.id: e for e in seen}
    taken = [e for e in older if said[e.id] != e]
    assert all(said[e.id].proof is not None for e in taken) and {e.split for e in seen} == {"train"}
    assert read_json(tmp_path / "out/training.json") == {"chats": len(seen), "pairs": 0, **counts}
    # Without a champion nobody is asked.
    assert "replay.taken" not in finetune(centre, days, params, None, tmp_path / "new", replay=watched).metrics


def test_each_pass_takes_other_older_rows_when_the_champion_is_continued(
    centre: BaseModel, finetune_params: Finetune, examples: list[Example], adapter_folder: Path, tmp_path: Path
) -> None:
    champion = release_of(centre, adapter_folder, tmp_path / "release")
    own = finetune_params.replay.model_copy(update={"share": 1.0, "max_new_tokens": 24})
    params = finetune_params.model_copy(update={"replay": own, "max_steps": -1, "epochs": 3.0})
    dated = [e.model_copy(update={"dialogue_id": f"shop:2026-11-0{1 + n % 2}:{n}"}) for n, e in enumerate(examples)]
    days, more = dated[:16], [e for e in dated[16:] if e.split == "train" and "-01:" in e.dialogue_id][:9]
    train = [e for e in days if e.split == "train"]
    hook = stage_finetune.replay_of(days, params, more)
    assert hook is not None
    tuned = finetune(centre, days, params, champion, tmp_path / "many", replay=hook)
    older = sum("-01:" in e.dialogue_id for e in train)
    asked = sum(count for name, count in tuned.metrics.items() if name.startswith("replay."))
    assert asked == older + min(len(more), 2 * older) > older
    assert tuned.metrics["train_chats"] == 3 * len(train)
    alone = finetune(centre, days, params, None, tmp_path / "alone", replay=hook)
    assert alone.metrics["train_chats"] == len(train)
    assert tuned.metrics["steps"] == -(-3 * len(train) // 4)  # of 4 chats, as three passes read
    unasked = params.model_copy(update={"replay": own.model_copy(update={"share": 0.0})})
    hook = stage_finetune.replay_of(days, unasked, more)
    recorded = finetune(centre, days, unasked, champion, tmp_path / "recorded", replay=hook)
    assert recorded.metrics["train_chats"] == 3 * len(train) and recorded.metrics["replay.taken"] == 0
    assert stage_finetune.replay_of(days, unasked) is None


@pytest.mark.parametrize(("steps", "passes"), [(-1, 2), (1, 1), (10, 1), (11, 2)])
def test_a_set_is_passed_as_often_as_its_steps_or_epochs_read_it(
    steps: int, passes: int, finetune_params: Finetune
) -> None:
    change = {"max_steps": steps, "epochs": 1.5, "batch_size": 2, "gradient_accumulation": 2}
    assert finetune_params.model_copy(update=change).passes(42) == passes
