"""Kefu's own format, one dialogue a line::

    {"session": "s1", "customer": "u7", "outcome": "resolved", "csat": 5,
     "turns": [{"role": "customer", "text": "在吗", "time": "2026-11-09T10:00:00+08:00"}]}

``time``, ``outcome``, ``csat``, ``metadata`` (ignored) and ``schema`` (the format's version, 1) are optional.
Being our own, it is read strictly: a field that is not listed is a misspelt one.
"""

from __future__ import annotations

from typing import Any

from data.channels.base import BadRow, Line, ParsedDialogue, RawTurn, decode, mapping, optional_text, per_line, sequence

SCHEMA = 1  # raise it when a line means something else
_FIELDS = frozenset({"schema", "session", "customer", "turns", "outcome", "csat", "metadata"})
_TURN_FIELDS = frozenset({"role", "text", "time"})


def _known(value: dict[str, Any], fields: frozenset[str], name: str) -> None:
    if not value.keys() <= fields:
        unknown, known = sorted(value.keys() - fields), ", ".join(sorted(fields))
        raise BadRow(f"{name}: unknown field {', '.join(unknown)}; the fields are {known}")


def _turn(value: Any, index: int) -> RawTurn:
    name = f"turns[{index}]"
    turn = mapping(value, name)
    _known(turn, _TURN_FIELDS, name)
    try:
        return RawTurn(turn["role"], turn["text"], turn.get("time"))
    except KeyError as error:
        raise BadRow(f"{name}: field {error} is missing") from error


def _dialogue(line: Line) -> ParsedDialogue:
    row = decode(line.text)
    if row.get("schema", SCHEMA) != SCHEMA:
        given = str(row["schema"])[:40]
        raise BadRow(f"schema: version {given} is not read here, only {SCHEMA}; update Kefu or export it as {SCHEMA}")
    _known(row, _FIELDS, "the record")
    if missing := {"session", "customer", "turns"} - row.keys():
        raise BadRow(f"field {', '.join(sorted(missing))} is missing")
    return ParsedDialogue(
        line.file,
        line.number,
        line.text,
        session=optional_text(row["session"], "session") or "",
        customer=optional_text(row["customer"], "customer"),
        turns=[_turn(turn, index) for index, turn in enumerate(sequence(row["turns"], "turns"))],
        outcome=row.get("outcome"),
        csat=row.get("csat"),
    )


parse = per_line(_dialogue)
