from __future__ import annotations

from pathlib import Path

import pytest

from serving.dialogue.linking import Linker
from tests.linking.mentions import open_linker


@pytest.fixture(scope="session")
def linker(tmp_path_factory: pytest.TempPathFactory) -> Linker:
    folder: Path = tmp_path_factory.mktemp("linking")
    return open_linker(folder)
