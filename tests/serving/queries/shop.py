"""The demo's shop, and what its rows and texts are in a test."""

from __future__ import annotations

import re
import sqlite3
from calendar import month_name
from contextlib import closing
from pathlib import Path
from typing import Any

from kefu.shop.part import Lang
from serving.dialogue.flow import Visit
from serving.dialogue.queries import Answer
from tests.fixtures.demo_pack import PACK

NOW = PACK.shop.demo_now or ""
LANGS: tuple[Lang, ...] = ("zh", "en")


def visit(customer: str | None = "C1001", lang: Lang = "zh", now: str = NOW, **vault: str) -> Visit:
    return Visit(customer, {f"[{key}]": value for key, value in vault.items()}, lang, now)


def sql(db: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(db)) as shop:
        return shop.execute(statement, values).fetchall()


def lines(answer: Answer) -> list[str]:
    """The rows of an answer: its numbered lines, or all of it."""
    return [line for line in answer.text.split("\n") if re.match(r"\d+\. ", line)] or [answer.text]


def date_of(iso: str, lang: Lang) -> str:
    year, month, day = (int(part) for part in iso[:10].split("-"))
    if lang == "zh":
        return ("" if year == 2026 else f"{year}年") + f"{month}月{day}日"
    return f"{day} {month_name[month]}" + ("" if year == 2026 else f" {year}")
