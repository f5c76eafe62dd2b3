"""ShareGPT: ``{"id"?: "s1", "conversations": [{"from": "human", "value": "在吗"}, {"from": "gpt", "value": "在的"}]}``.

A file is one JSON array of these, or one of these a line. System and tool messages are not turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data.channels.base import (
    BadRow,
    Line,
    ParsedDialogue,
    RawTurn,
    check_speakers,
    decode,
    mapping,
    optional_text,
    per_line,
    sequence,
)

_ROLES = {"human": "customer", "user": "customer", "gpt": "agent", "assistant": "agent", "chatgpt": "agent"}
_NOT_SAID = frozenset({"system", "tool", "function_call", "observation"})


def _turns(conversations: list[Any]) -> Iterator[RawTurn]:
    for index, value in enumerate(conversations):
        name = f"conversations[{index}]"
        message = mapping(value, name)
        who, text = message.get("from"), message.get("value")
        if isinstance(who, str) and who in _NOT_SAID:
            continue
        if not isinstance(who, str) or who not in _ROLES:
            raise BadRow(f"{name}.from: {who!r} is not one of {', '.join(sorted({*_ROLES, *_NOT_SAID}))}")
        if not isinstance(text, str):
            raise BadRow(f"{name}.value: expected text, got {type(text).__name__}")
        yield RawTurn(_ROLES[who], text)


def _dialogue(line: Line) -> ParsedDialogue:
    row = decode(line.text)
    messages = sequence(row.get("conversations"), "conversations")
    turns = list(_turns(messages))
    check_speakers(row, (one for one in messages if _ROLES.get(one["from"]) == "customer"), "conversations")
    session, customer = optional_text(row.get("id"), "id"), optional_text(row.get("customer"), "customer")
    return ParsedDialogue(line.file, line.number, line.text, session, customer, turns)


parse = per_line(_dialogue)
