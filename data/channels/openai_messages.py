"""OpenAI-style chats, one a line::

    {"messages": [{"role": "user", "content": "在吗"}, {"role": "assistant", "content": "在的"}],
     "id": "s1", "customer": "u7", "metadata": {"outcome": "resolved", "csat": 5}}

``id``, ``customer`` and ``metadata`` are optional. System, developer and tool messages, and assistant
messages that only call tools, are nothing that was said, so they are not turns. The assistant of
imported data is somebody else's, hence ``agent``: ``bot`` is Kefu itself. A chat of several users (``name``,
``customer`` of their messages) is a problem.
"""

from __future__ import annotations

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

_ROLES = {"user": "customer", "assistant": "agent"}
_NOT_SAID = frozenset({"system", "developer", "tool", "function"})


def _text(content: Any, name: str) -> str:
    """Text of a string or of a list of parts; pictures and files in it have none."""
    if isinstance(content, str):
        return content
    parts = [mapping(part, name) for part in sequence(content, name)]
    texts = [part.get("text") for part in parts if part.get("type") in ("text", "input_text", "output_text")]
    return "\n".join(optional_text(text, name) or "" for text in texts)


def _turn(value: Any, index: int) -> RawTurn | None:
    name = f"messages[{index}]"
    message = mapping(value, name)
    role, content = message.get("role"), message.get("content")
    if (isinstance(role, str) and role in _NOT_SAID) or (content is None and message.get("tool_calls")):
        return None
    if not isinstance(role, str) or role not in _ROLES:
        raise BadRow(f"{name}.role: {role!r} is not one of {', '.join(sorted({*_ROLES, *_NOT_SAID}))}")
    return RawTurn(_ROLES[role], _text(content, f"{name}.content"))


def _is_customers(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") == "user"


def _dialogue(line: Line) -> ParsedDialogue:
    row = decode(line.text)
    messages = sequence(row.get("messages"), "messages")
    check_speakers(row, (one for one in messages if _is_customers(one)), "messages", "name")
    metadata = mapping(row.get("metadata") or {}, "metadata")
    return ParsedDialogue(
        line.file,
        line.number,
        line.text,
        session=optional_text(row.get("id"), "id"),
        customer=optional_text(row.get("customer"), "customer"),
        turns=[turn for index, message in enumerate(messages) if (turn := _turn(message, index))],
        outcome=metadata.get("outcome"),
        csat=metadata.get("csat"),
    )


parse = per_line(_dialogue)
