"""A micro model (two layers of 64) and chats to learn: real parts, seconds to train."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from distill.loss import Columns
from distill.pairs import ModelPair
from distill.params import Distill
from distill.teacher import Model
from kefu.llm.base_models import BaseModel, Which, open_base
from kefu.llm.chat import ChatRenderer
from kefu.llm.models import MODELS, ModelFacts, TinySize
from kefu.schema import Example, Message
from pipelines.params import load_params
from training.base_models import BaseModelReport, prepare
from training.corpus import Chat
from training.params.base import Base
from training.params.finetune import Finetune
from training.sft import FinetuningResult, finetune

QUESTIONS = {
    "怎么退货": "请在订单页申请退货。",
    "什么时候发货": "付款后两天内发货。",
    "where is my parcel": "It is on its way.",
    "can I get an invoice": "Yes, from the order page.",
}
MICRO = ModelFacts("chatml", True, MODELS["tiny-qwen3"].lora_targets, TinySize(64, 2, 2, 1, 32, 128))


def chats(count: int, seed: int) -> list[Chat]:
    rng = random.Random(seed)
    made = []
    for i in range(count):
        asked = rng.choices(list(QUESTIONS), k=rng.randint(1, 2))
        pairs = [(Message(role="user", content=q), Message(role="assistant", content=QUESTIONS[q])) for q in asked]
        made.append(Chat(id=str(i), messages=tuple(message for pair in pairs for message in pair)))
    return made


def with_bad_weight(base: BaseModel, folder: Path, tensor: str, value: float = float("nan")) -> BaseModel:
    """A copy of a base in which one number is not finite."""
    shutil.copytree(base.folder, folder)
    weights = load_file(folder / "model.safetensors")
    weights[tensor].view(-1)[7] = value
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return BaseModel(folder, base.facts, base.ref)


def model_pair(centre: BaseModel, edge: BaseModel, teacher: Model | None, shared: Columns = slice(500)) -> ModelPair:
    """Two micro models with one tokenizer, as the methods of distillation take them."""
    learn, follow = (ChatRenderer.from_folder(base.folder, base.facts.empty_think) for base in (edge, centre))
    return ModelPair(centre, edge, teacher, learn, follow, shared)


def saying(text: str | None, centre: BaseModel) -> Callable[..., list[list[int] | None]]:
    """A teacher that says the same to everybody; None: that never comes to an end."""
    renderer = ChatRenderer.from_folder(centre.folder, True)
    return lambda model, prompts, *_: [None if text is None else renderer.encode(text) for _ in prompts]


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    system = Message(role="system", content="你是客服。")
    return [
        Example(
            id=chat.id,
            messages=(system, *chat.messages),
            split="eval" if i % 8 == 0 else "train",
            dialogue_id=chat.id,
            customer=f"c_{i}",
            intent="x",
        )
        for i, chat in enumerate(chats(48, seed=2))
    ]


@pytest.fixture(scope="session")
def base_params() -> Base:
    return load_params(profile="tiny").base.model_copy(
        update={
            "centre": "micro",
            "edge": "micro",
            "vocab_size": 500,
            "steps": 80,
            "learning_rate": 5e-3,
            "edge_steps": 5,
            "batch_size": 4,
            "sequence_length": 64,
        }
    )


@pytest.fixture(scope="session")
def built(base_params: Base, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[Which, BaseModelReport]]:
    """The folder of both base models, and the figures of their training."""
    out = tmp_path_factory.mktemp("base") / "base"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "micro", MICRO)
        return out, prepare(base_params, chats(60, seed=1), out)


@pytest.fixture(scope="session")
def base_folder(built: tuple[Path, dict[Which, BaseModelReport]]) -> Path:
    return built[0]


@pytest.fixture(autouse=True)
def _micro_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "micro", MICRO)


@pytest.fixture(scope="session")
def centre(base_folder: Path) -> BaseModel:
    return open_base(base_folder, "centre")


@pytest.fixture(scope="session")
def edge(base_folder: Path) -> BaseModel:
    return open_base(base_folder, "edge")


@pytest.fixture(scope="session")
def finetune_params() -> Finetune:
    change = {"rank": 4, "alpha": 8, "dropout": 0.0, "learning_rate": 1e-2, "batch_size": 4, "max_steps": 12}
    return load_params(profile="tiny").finetune.model_copy(update=change)


@pytest.fixture(scope="session")
def trained(
    centre: BaseModel, examples: list[Example], finetune_params: Finetune, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, FinetuningResult]:
    """A trained adapter's folder, and the figures of its training."""
    out = tmp_path_factory.mktemp("sft") / "adapter"
    return out, finetune(centre, examples, finetune_params, None, out)


@pytest.fixture(scope="session")
def adapter_folder(trained: tuple[Path, FinetuningResult]) -> Path:
    return trained[0]


@pytest.fixture(scope="session")
def distill_params() -> Distill:
    change = {"examples": 40, "max_new_tokens": 24, "learning_rate": 3e-3, "batch_size": 4, "epochs": 2}
    taught = load_params(profile="tiny").distill.model_copy(update=change)
    return taught.model_copy(update={"teacher_answers": True, "dtype": "float32"})
