"""One model of each family for all tests of engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.models import write_model
from tests.fixtures.demo_pack import PACK
from training import tokenizer as tokenizers


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model folders by family, with one tokenizer."""
    made = tmp_path_factory.mktemp("models")
    tokenizer = tokenizers.train([faq.answer.in_(lang) for faq in PACK.faq for lang in ("zh", "en")], 600)
    tokenizers.save(tokenizer, made)
    return {kind: write_model(kind, made, tokenizer.get_vocab_size(), made / kind) for kind in ("qwen2", "qwen3")}
