"""Alpaca, as instruction sets are published, with the history that multi-turn sets add::

    {"instruction": "到哪了", "input": "订单在说明里", "output": "明天到", "history": [["在吗", "在的"]], "id": "s1"}

``input``, ``history``, ``id`` and ``customer`` are optional; ``system`` was not said. Input follows its
instruction in one turn, as the set's own prompt has it. A file is one JSON array, or one record a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data.channels.base import BadRow, Line, ParsedDialogue, RawTurn, decode, optional_text, per_line, sequence


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadRow(f"{name}: expected text, got {type(value).__name__}")
    return value


def _turns(row: dict[str, Any]) -> Iterator[RawTurn]:
    for index, value in enumerate(sequence(row.get("history") or [], "history")):
        name = f"history[{index}]"
        pair = sequence(value, name)
        if len(pair) != 2:
            raise BadRow(f"{name}: expected [question, answer], got {len(pair)} items")
        yield RawTurn("customer", _text(pair[0], f"{name}[0]"))
        yield RawTurn("agent", _text(pair[1], f"{name}[1]"))
    asked = [_text(row.get("instruction"), "instruction"), _text(row.get("input") or "", "input")]
    yield RawTurn("customer", "\n".join(part for part in asked if part))
    yield RawTurn("agent", _text(row.get("output"), "output"))


def _dialogue(line: Line) -> ParsedDialogue:
    row = decode(line.text)
    session, customer = optional_text(row.get("id"), "id"), optional_text(row.get("customer"), "customer")
    return ParsedDialogue(line.file, line.number, line.text, session, customer, list(_turns(row)))


parse = per_line(_dialogue)
