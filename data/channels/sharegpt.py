"""ShareGPT: ``{"id"?: "s1", "conversations": [{"from": "human", "value": "在吗"}, {"from": "gpt", "value": "在的"}]}``.

A file is one JSON array of these, or one of these a line. System and tool messages are no turns. An
array is read element by element, so that damage in the middle costs only what follows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from data.channels.base import BadRow, Inputs, Line, Parsed, Problem, RawTurn, decode, lines, mapping, optional_text, sequence

_ROLES = {"human": "customer", "user": "customer", "gpt": "agent", "assistant": "agent", "chatgpt": "agent"}
_NOT_SAID = frozenset({"system", "tool", "function_call", "observation"})


def _turns(conversations: list[Any]) -> Iterator[RawTurn]:
    for index, value in enumerate(conversations):
        name = f"conversations[{index}]"
        message = mapping(value, name)
        who, text = message.get("from"), message.get("value")
        if who in _NOT_SAID:
            continue
        if who not in _ROLES:
            raise BadRow(f"{name}.from: {who!r} is not one of {', '.join(sorted({*_ROLES, *_NOT_SAID}))}")
        if not isinstance(text, str):
            raise BadRow(f"{name}.value: expected text, got {type(text).__name__}")
        yield RawTurn(_ROLES[who], text)


def _dialogue(row: dict[str, Any], at: Line) -> Parsed | Problem:
    try:
        turns = list(_turns(sequence(row.get("conversations"), "conversations")))
        session, customer = optional_text(row.get("id"), "id"), optional_text(row.get("customer"), "customer")
    except BadRow as error:
        return Problem(at.file, at.number, str(error), at.text)
    return Parsed(at.file, at.number, at.text, session, customer, turns)


def _one(line: Line) -> Parsed | Problem:
    try:
        return _dialogue(decode(line.text), line)
    except BadRow as error:
        return Problem(line.file, line.number, str(error), line.text)


def _elements(file: str, first: int, text: str) -> Iterator[Parsed | Problem]:
    """Elements of a JSON array that starts on line ``first``."""
    decoder, position, number = json.JSONDecoder(), text.index("[") + 1, first
    counted = 0
    while True:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        number += text.count("\n", counted, position)
        counted = position
        if text[position : position + 1] == "]":
            return
        try:
            value, end = decoder.raw_decode(text, position)
            row = mapping(value, "the element")
        except (ValueError, RecursionError) as error:
            yield Problem(file, number, f"array is broken from here on: {error}", text[position : position + 8192])
            return
        yield _dialogue(row, Line(file, number, text[position:end]))
        position = end


def parse(inputs: Inputs) -> Iterator[Parsed | Problem]:
    """Both forms; which one a file has is seen at its first character."""
    for path in inputs.files:
        stream = lines(path)
        first = next(stream, None)
        if isinstance(first, Line) and first.text.lstrip().startswith("["):
            rest = list(stream)
            numbered = {line.number: line.text for line in rest if isinstance(line, Line)}
            last = max(numbered, default=first.number)
            whole = "\n".join([first.text, *(numbered.get(n, "") for n in range(first.number + 1, last + 1))])
            yield from _elements(first.file, first.number, whole)
            yield from (problem for problem in rest if isinstance(problem, Problem))
            continue
        for line in () if first is None else (first, *stream):
            yield line if isinstance(line, Problem) else _one(line)
