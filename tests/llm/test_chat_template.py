"""What a model folder's own template says: empty thoughts, and whether Kefu renders chats as it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from kefu.errors import Unusable
from kefu.llm.base_models import model_facts
from kefu.llm.chat import ChatRenderer
from kefu.llm.chat_template import check_template, opens_with_empty_thought, read_chat_template
from serving.engines.transformers import TransformersEngine
from tests.fixtures import micro
from training.tokenizer import qwen_template, save, train

TEXTS = ["你是客服。七天内可退货。能退吗？谢谢，不客气", "It's order 2026 user assistant system"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train(TEXTS, 320)


def folder_with(template: str | None, tokenizer: Tokenizer, folder: Path, model_type: str = "qwen3") -> Path:
    save(tokenizer, folder)
    (folder / "chat_template.jinja").unlink()
    if template is not None:
        (folder / "chat_template.jinja").write_text(template, encoding="utf8")
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    return folder


# One model_type and one tokenizer, and two templates.
@pytest.mark.parametrize(("name", "thought"), [("qwen3", True), ("qwen3_instruct_2507", False), ("qwen2_5", False)])
def test_the_template_tells_of_empty_thoughts(name: str, thought: bool, tokenizer: Tokenizer, tmp_path: Path) -> None:
    folder = folder_with(qwen_template(name), tokenizer, tmp_path / "model")
    assert opens_with_empty_thought(folder) is thought
    known = model_facts("some/Qwen3-4B-Instruct-2507", folder)
    assert known.empty_think is thought
    check_template(folder, ChatRenderer.from_folder(folder, known.empty_think))
    with pytest.raises(Unusable, match="its chat template writes .* where Kefu would write"):
        check_template(folder, ChatRenderer.from_folder(folder, not thought))


def test_serving_renders_as_the_template_of_its_model_says(tmp_path: Path) -> None:
    micro._model(TEXTS, tmp_path / "centre", seed=0)
    (tmp_path / "centre/chat_template.jinja").write_text(qwen_template("qwen3_instruct_2507"), encoding="utf8")
    engine = TransformersEngine("centre", tmp_path / "centre", "Qwen/Qwen3-8B")
    assert "<think>" not in engine.tokenizer.decode(engine.renderer.prompt([]), skip_special_tokens=False)


def test_a_template_inside_the_tokenizers_config_counts(tokenizer: Tokenizer, tmp_path: Path) -> None:
    folder = folder_with(None, tokenizer, tmp_path / "model")
    assert read_chat_template(folder) is None and opens_with_empty_thought(folder) is None
    config = json.loads((folder / "tokenizer_config.json").read_text())
    named = [{"name": "tools", "template": ""}, {"name": "default", "template": qwen_template()}]
    for written in (qwen_template(), named):
        (folder / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": written}))
        assert opens_with_empty_thought(folder) is True


@pytest.mark.parametrize("name", ["llama3", "gemma3", "phi3", "qwen3_5_think"])
def test_the_template_of_another_family_is_refused(name: str, tokenizer: Tokenizer, tmp_path: Path) -> None:
    folder = folder_with(qwen_template(name), tokenizer, tmp_path / "model")
    with pytest.raises(Unusable, match="its chat template writes|chat template: "):
        check_template(folder, ChatRenderer.from_folder(folder, False))


def test_a_model_without_a_template_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    folder = folder_with(None, tokenizer, tmp_path / "model")
    with pytest.raises(Unusable, match=r"no chat template: name an instruct model"):
        check_template(folder, ChatRenderer.from_folder(folder, False))
