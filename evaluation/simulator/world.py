"""The shop's database as customers' goals are drawn from it, and as it must be at the end of a conversation.

The right end state is what the pack's own tools make of a fresh database when they are called as the goal says: the
database of a conversation is compared with it, every table and every row. So a write that nobody wanted cannot hide.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from kefu.errors import KefuError
from kefu.shop.pack import Pack
from kefu.shop.wordings.scripts import Scripts
from serving.tools.demo_database import build, restore
from serving.tools.shop_db import ToolBox

Rows = Counter[tuple[Any, ...]]  # table, then the row's cells


class ImpossibleGoal(KefuError, ValueError):
    """A goal of the pack cannot be reached with the pack's own tools."""


class Call(NamedTuple):
    """A tool call, its arguments as sorted pairs."""

    tool: str
    args: tuple[tuple[str, Any], ...]
    customer: str | None


class Difference(NamedTuple):
    """wrong: rows written or changed that should not be; missing: what should have been written, in words."""

    wrong: list[str]
    missing: list[str]


class World:
    """The shop of one pack, fresh, and what its tools would make of it."""

    def __init__(self, pack: Pack, scripts: Scripts, folder: Path, now: str) -> None:
        self.pack, self.scripts, self.now = pack, scripts, now
        self.fresh, self._worked_on = folder / "fresh.db", folder / "expected.db"
        build(pack.folder, self.fresh)
        self._expected: dict[tuple[Call, ...], Rows] = {}
        self._drawn: dict[str, list[dict[str, Any]]] = {}

    @cached_property
    def start(self) -> Rows:
        return dump(self.fresh)

    def rows_of(self, goal: str) -> list[dict[str, Any]]:
        """What the goal may be about, in the order of its query."""
        if goal not in self._drawn:
            with closing(sqlite3.connect(self.fresh)) as connection:
                connection.row_factory = sqlite3.Row
                found = connection.execute(self.scripts.goals[goal].draw, {"now": self.now})
                self._drawn[goal] = [dict(row) for row in found]
        return self._drawn[goal]

    def orders_of(self, customer: str | None) -> list[str]:
        """All order numbers of a customer, by the pack's own tool."""
        order = self.pack.entities.order
        if order is None or customer is None:
            return []
        return [row[order.id] for row in ToolBox(self.pack, self.fresh).call(order.tool, {}, customer, self.now).rows]

    def after(self, calls: tuple[Call, ...]) -> Rows:
        """The database after these calls. Raises ImpossibleGoal when the pack refuses one."""
        if not calls:
            return self.start
        if calls not in self._expected:
            restore(self.fresh, self._worked_on)
            tools = ToolBox(self.pack, self._worked_on)
            for call in calls:
                result = tools.call(call.tool, dict(call.args), call.customer, self.now)
                if result.error:
                    raise ImpossibleGoal(f"{call.tool} {dict(call.args)}: {result.error}: let `draw` leave it out")
            self._expected[calls] = dump(self._worked_on)
        return self._expected[calls]

    def compare(self, db: Path, calls: tuple[Call, ...]) -> Difference:
        """How a conversation's database differs from the right one."""
        found, right = dump(db), self.after(calls)
        extra, absent = found - right, right - found
        # A row that was there at the start and is gone was overwritten: a write, if the right end keeps it.
        wrong = [*_said(extra - self.start), *(f"gone: {row}" for row in _said(absent & self.start))]
        return Difference(wrong, _said(absent - self.start))


def dump(db: Path) -> Rows:
    """All rows of all tables."""
    with closing(sqlite3.connect(db)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return Counter(
            (table, *row) for table in sorted(tables) for row in connection.execute(f'SELECT * FROM "{table}"')
        )


def call(tool: str, args: Mapping[str, Any], customer: str | None) -> Call:
    return Call(tool, tuple(sorted(args.items())), customer)


def _said(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    return sorted(" ".join(map(str, row)) for row in rows)
