"""Weights for the engine, written into a release and compared with the model that they stand for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from distill.export import export_engines
from distill.openvino.parity import export_engine_weights
from distill.params import EngineWeights, Export
from distill.parity import ModelsDiffer
from kefu.llm.base_models import BaseModel
from kefu.llm.models import MODELS
from kefu.registry.seal import BaseModelRef
from kefu.schema import Example, Message
from pipelines.params import load_params
from serving.engines.load import load_engine
from serving.engines.openvino.engine import OpenVINOEngine, has_weights
from serving.engines.transformers import TransformersEngine

CHATS = [
    (Message(role="user", content=asked), Message(role="assistant", content=answer))
    for asked, answer in (("怎么退货", "请在订单页申请退货。"), ("invoice?", "From the order page."))
]


@pytest.fixture
def model(folders: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(folders["qwen2"], tmp_path / "edge", ignore=shutil.ignore_patterns("openvino")))


@pytest.fixture
def params() -> Export:
    return load_params(profile="tiny").export


def test_weights_are_measured_and_decide_the_engine(model: Path, params: Export) -> None:
    assert isinstance(load_engine("edge", model, ""), TransformersEngine) and not has_weights(model)
    examples = [
        Example(id=str(i), messages=chat, split="eval", dialogue_id=str(i), customer=f"c_{i}", intent="x")
        for i, chat in enumerate(CHATS)
    ]
    base = BaseModel(model, MODELS["tiny-qwen3"], BaseModelRef(name="x", revision=None, content_hash="0"))
    # An untrained model finds two tokens as good as equally likely here and there, whatever the format.
    change = {"engine_weights": EngineWeights(centre="none", edge="f16"), "engine_min_agreement": 0.85}
    chosen = params.model_copy(update=change)
    tuning = load_params(profile="tiny").finetune
    found = export_engines(model.parent, {"centre": base, "edge": base}, examples, tuning, chosen)
    assert 0 <= found["engine.edge.kl"] < 0.01 and found["engine.edge.agreement"] > 0.85
    assert set(found) == {f"engine.edge.{name}" for name in ("kl", "agreement", "equal_answers")}
    engine = load_engine("edge", model, "")
    assert isinstance(engine, OpenVINOEngine)
    assert list(engine.generate(engine.renderer.prompt(CHATS[0][:1]), 4))[-1].finish in ("stop", "length")
    engine.close()


def test_too_few_bits_stop_the_export(model: Path, params: Export) -> None:
    strict = params.model_copy(update={"engine_max_kl": 1e-6})
    with pytest.raises(
        ModelsDiffer, match=r"export: engine: edge: in int4 .*engine_max_kl 1e-06.*engine_weights\.edge"
    ):
        export_engine_weights("edge", model, "int4", CHATS, strict)
