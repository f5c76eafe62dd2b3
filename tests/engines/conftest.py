"""One model of each family for all tests of engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from kefu.io import read_json
from tests.engines.models import write_model
from tests.fixtures import micro


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model folders by family."""
    tokenizer = micro.shared() / "edge"
    vocab_size = int(read_json(tokenizer / "config.json")["vocab_size"])
    made = tmp_path_factory.mktemp("models")
    return {kind: write_model(kind, tokenizer, vocab_size, made / kind) for kind in ("qwen2", "qwen3")}
