"""The demo shop behind the tool interface: named, parametrised SQL from the pack on SQLite.

In production a REST adapter answers the same calls. What a chat may never do is guaranteed here, not
in flows: ``:customer_id`` and ``:now`` are bound by the server, a tool that is not public refuses a
stranger, reads run in a connection that cannot write, and a call is one transaction. Each thread keeps its
connection: opening and closing one took most of a call's time.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kefu.errors import KefuError
from kefu.shop.pack import Pack
from kefu.shop.tools import Tool
from kefu.text.placeholders import escape_placeholders
from serving.tools.demo_database import build

__all__ = ["ToolBox", "ToolError", "ToolResult", "build"]

RESERVED = {"customer_id", "now"}
SIGN_IN, NOT_FOUND, CONFLICT, BUSY = "sign_in", "not_found", "conflict", "busy"


class ToolError(KefuError, ValueError):
    """The pack calls a tool wrongly; the message names the tool and the argument."""


@dataclass(frozen=True)
class ToolResult:
    """Rows, or an error code: sign_in, not_found, conflict, busy, or one of the tool's guards."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None


class ToolBox:
    """Runs the pack's tools on one shop database."""

    def __init__(self, pack: Pack, db: Path) -> None:
        self._tools = pack.tools
        self.db = db
        self._of_thread = threading.local()

    def call(self, name: str, args: Mapping[str, Any], customer: str | None, now: str) -> ToolResult:
        """Runs one tool as one transaction.

        Args:
            args: the tool's declared arguments, all of them. Lists and mappings reach SQL as JSON (``json_each``).
            customer: the signed-in customer's id, None for a stranger.
            now: ISO 8601 with the shop's own offset.

        Raises:
            ToolError: no such tool, or the arguments are not the declared ones.
        """
        tool = self._checked(name, args)
        if customer is None and not tool.public:
            return ToolResult(error=SIGN_IN)
        values = {**{name: _bound(value) for name, value in args.items()}, "customer_id": customer, "now": now}
        try:
            if not tool.write and not tool.guards:  # one statement is a transaction of its own
                return _run(self._connection(writes=False), tool, values)
            with self._transaction(bool(tool.write)) as connection:
                return _run(connection, tool, values)
        except sqlite3.IntegrityError:
            return ToolResult(error=CONFLICT)
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                return ToolResult(error=BUSY)
            raise ToolError(f"tool {name}: {error}") from error

    def _checked(self, name: str, args: Mapping[str, Any]) -> Tool:
        if name not in self._tools:
            raise ToolError(f"no tool {name!r} in tools.yaml; known: {', '.join(sorted(self._tools))}")
        tool = self._tools[name]
        if set(args) != set(tool.args) or RESERVED & set(args):
            raise ToolError(f"tool {name}: wants arguments {sorted(tool.args)}, got {sorted(args)}")
        return tool

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[sqlite3.Connection]:
        connection = self._connection(writes)
        try:
            connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            del self._of_thread.opened
            connection.close()  # rolls back
            raise

    def _connection(self, writes: bool) -> sqlite3.Connection:
        """The thread's own connection, which can write or cannot; another one when the file was built anew."""
        file = _identity(self.db)
        opened, connection = getattr(self._of_thread, "opened", (None, None))
        if connection is None or opened != file:
            if connection is not None:
                connection.close()
            connection = sqlite3.connect(self.db, timeout=5, isolation_level=None)
            connection.execute("PRAGMA foreign_keys = ON")
            self._of_thread.opened, self._of_thread.writes = (_identity(self.db), connection), None
        if self._of_thread.writes is not writes:
            connection.execute(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
            self._of_thread.writes = writes
        return connection


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file; None when there is none. An open file's inode is given to no other one."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _bound(value: Any) -> Any:
    """A value as SQLite takes it: several items of an order are one JSON text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


def _run(connection: sqlite3.Connection, tool: Tool, values: dict[str, Any]) -> ToolResult:
    for guard in tool.guards:
        if connection.execute(guard.sql, values).fetchone() is None:
            return ToolResult(error=guard.error)
    for statement in tool.write:
        connection.execute(statement, values)
    rows = _read(connection.execute(tool.read, values)) if tool.read else []
    if tool.read and tool.rows == "one" and not rows:
        return ToolResult(error=NOT_FOUND)
    return ToolResult(rows)


def _read(found: sqlite3.Cursor) -> list[dict[str, Any]]:
    """Rows by column; a name or note that looks like a placeholder must not be filled with a customer's data."""
    names = [column[0] for column in found.description]
    return [dict(zip(names, map(_shown, row), strict=True)) for row in found]


def _shown(value: Any) -> Any:
    return escape_placeholders(value) if isinstance(value, str) and "[" in value else value
