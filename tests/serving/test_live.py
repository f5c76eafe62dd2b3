"""Live knowledge: a message costs a few questions to the shop, whatever its length, and finds what it names."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from kefu.shop.part import PackError
from serving.knowledge.live import LiveKnowledge, _words
from serving.tools.demo_database import build
from serving.tools.shop_db import ToolBox, ToolResult
from tests.fixtures.demo_pack import PACK

NOW = "2026-11-16T10:00:00+08:00"
FEW = 5


class Counted(ToolBox):
    calls = 0

    def call(self, *args: Any) -> ToolResult:
        self.calls += 1
        return super().call(*args)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shop(tmp_path_factory.mktemp("shop"))


def build_shop(folder: Path) -> Path:
    build(PACK.folder, folder / "shop.db")
    return folder / "shop.db"


def names(db: Path) -> list[str]:
    with sqlite3.connect(db) as shop:
        return [name for row in shop.execute("SELECT name_zh, name_en FROM products ORDER BY sku") for name in row]


def flood(text: str) -> str:
    return (text * 1950)[:1950]


@pytest.mark.parametrize(
    "text",
    [
        flood("今天天气真不错我想出去走走看看风景顺便买点吃的喝的用的"),
        flood("what would you recommend for somebody who sleeps badly "),
        "".join(chr(0x4E00 + 7 * n) for n in range(1950)),
    ],
)
def test_a_long_message_costs_a_few_questions(db: Path, text: str) -> None:
    tools = Counted(PACK, db)
    LiveKnowledge(PACK, tools).entries(text, "zh", NOW)
    assert tools.calls <= FEW


def test_a_message_of_many_product_names_costs_a_few_questions_too(db: Path) -> None:
    tools = Counted(PACK, db)
    assert LiveKnowledge(PACK, tools).entries(flood("和".join(names(db))), "zh", NOW)
    assert tools.calls <= FEW


def test_it_finds_what_asking_for_every_word_finds(db: Path) -> None:
    tools = ToolBox(PACK, db)
    live = LiveKnowledge(PACK, tools)
    asked = ["这款羽绒枕可以机洗吗", "记忆枕和羽绒枕哪个好？", "空气炸锅多少钱", "有没有毯子", "枕头", "四件套", "你好"]
    asked += [f"{name}还有货吗" for name in names(db)] + ["Is the AIR fryer in stock", "which pillow", "kettle"]
    for text in asked:
        found = next(
            (w for w in _words(text) if 0 < len(tools.call("find_product", {"word": w}, None, NOW).rows) <= 3), None
        )
        entries = [entry.id for entry in live.entries(text, "zh", NOW) if entry.id.startswith("find_product:")]
        assert entries == ([f"find_product:{found}"] if found else []), text


def test_a_product_that_came_since_is_found(tmp_path: Path) -> None:
    db = build_shop(tmp_path)
    live = LiveKnowledge(PACK, ToolBox(PACK, db))
    assert not live.entries("有榴莲抱枕吗", "zh", NOW)
    with sqlite3.connect(db) as shop:
        shop.execute("UPDATE products SET name_zh = '榴莲抱枕' WHERE sku = 'BD-101'")
    assert [entry.question for entry in live.entries("有榴莲抱枕吗", "zh", NOW)] == ["榴莲抱枕"]


@pytest.mark.parametrize("change", [{"look_up_names": None}, {"look_up_names": "get_order"}, {"look_up": None}])
def test_look_up_and_its_names_belong_together(db: Path, change: dict[str, str | None]) -> None:
    pack = PACK.model_copy(update={"conversation": PACK.conversation.model_copy(update=change)})
    with pytest.raises(PackError, match="look_up"):
        LiveKnowledge(pack, ToolBox(pack, db))
