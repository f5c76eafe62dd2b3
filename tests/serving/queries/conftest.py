"""Queries on the demo's shop."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.dialogue.queries import Queries
from serving.tools.shop_db import ToolBox
from tests.serving.queries.shop import PACK


@pytest.fixture(scope="module")
def queries(db: Path) -> Queries:
    return Queries(PACK, ToolBox(PACK, db))
