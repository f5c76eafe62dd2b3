"""Label Studio: tasks whose data holds a dialogue, as its JSON and JSON-MIN exports and its import have them::

    {"id": 1, "data": {"dialogue_id": "s1", "dialogue": [{"author": "顾客 Customer", "text": "在吗"}]}}

The dialogue is the field of ``data`` that is a list of objects: who speaks stands in author, role, name, speaker or
from, the words in text, content or value. Other names of speakers: the source's ``roles`` in params.yaml. Several
tasks of one dialogue are one dialogue, for the same turns are duplicates.

Not read: annotations, which the review stage brings in; dialogues that are HTML, as in Kefu's own
review tasks, whose dialogues came from the store. Tasks know no customer, unless ``data.customer`` names one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data.channels.base import (
    BadRow,
    Inputs,
    Line,
    ParsedDialogue,
    PerLine,
    Problem,
    RawTurn,
    check_speakers,
    decode,
    mapping,
    moment,
    optional_text,
)

_WHO, _WORDS = ("author", "role", "name", "speaker", "from"), ("text", "content", "value")
_SIDES = {
    "customer": "customer client buyer user human visitor 顾客 客户 买家 用户",
    "agent": "agent seller support operator assistant staff 客服 卖家 商家",
    "bot": "bot robot 机器人",
    "ignore": "system 系统",
}
_ROLES = {word: role for role, words in _SIDES.items() for word in words.split()}


def _turns_field(data: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    found = [
        (name, value)
        for name, value in data.items()
        if isinstance(value, list) and value and all(isinstance(item, dict) and _first(item, _WHO) for item in value)
    ]
    if len(found) != 1:
        raise BadRow(f"data: expected one list of turns (objects with {', '.join(_WHO)}), found {len(found)}")
    return found[0]


def _first(item: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in item), None)


def _role(who: str, roles: Mapping[str, str]) -> str | None:
    """By its whole name, or by the first of its words that is known; None when it is not."""
    return roles.get(who.strip()) or next((_ROLES[word] for word in who.lower().split() if word in _ROLES), None)


def _turns(data: dict[str, Any], roles: Mapping[str, str]) -> Iterator[RawTurn]:
    field, items = _turns_field(data)
    for index, item in enumerate(items):
        name = f"data.{field}[{index}]"
        who = optional_text(item[_first(item, _WHO) or ""], name) or ""
        words = _first(item, _WORDS)
        if words is None:
            raise BadRow(f"{name}: none of {', '.join(_WORDS)} is there")
        role = _role(who, roles)
        if role is None:
            raise BadRow(f"{name}: an unknown speaker; say who it is, ingest.sources: roles: {{<name>: customer}}")
        if role != "ignore":
            text = optional_text(item[words], f"{name}.{words}") or ""
            yield RawTurn(role, text, moment(item.get("time"), f"{name}.time"))


def _dialogue(line: Line, roles: Mapping[str, str]) -> ParsedDialogue:
    row = decode(line.text)
    data = mapping(row.get("data", row), "data")
    session = optional_text(data.get("dialogue_id") or row.get("id"), "id")
    customer = optional_text(data.get("customer"), "data.customer")
    field, items = _turns_field(data)
    check_speakers(data, (one for one in items if _role(str(one[_first(one, _WHO) or ""]), roles) == "customer"), field)
    return ParsedDialogue(line.file, line.number, line.text, session, customer, list(_turns(data, roles)))


def parse(inputs: Inputs) -> Iterator[ParsedDialogue | Problem]:
    """Reads each task of an export as a dialogue, in the order of the file."""
    return PerLine(lambda line: _dialogue(line, inputs.source.roles))(inputs)
