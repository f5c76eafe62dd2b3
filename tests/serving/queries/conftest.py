"""The demo's shop, built once a module."""

from __future__ import annotations

from pathlib import Path

import pytest

from kefu.paths import ROOT
from serving.dialogue.queries import Queries
from serving.tools.demo_database import build
from serving.tools.shop_db import ToolBox
from tests.serving.queries.shop import PACK


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    build(ROOT / "shop", path)
    return path


@pytest.fixture(scope="module")
def queries(db: Path) -> Queries:
    return Queries(PACK, ToolBox(PACK, db))
