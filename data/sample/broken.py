"""Rows as they should not be: what every export sooner or later contains, for ingest to quarantine."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]


def dump(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False)


def _cut(row: Row, rng: random.Random) -> str:
    text = dump(row)
    return text[: rng.randrange(len(text) // 4, len(text) - 2)]


def _without(row: Row, rng: random.Random) -> str:
    gone = rng.choice(("session", "customer", "turns"))
    return dump({key: value for key, value in row.items() if key != gone})


def _wrong_type(row: Row, rng: random.Random) -> str:
    wrong: tuple[Row, ...] = ({"turns": "none"}, {"csat": "great"}, {"turns": [{"role": "customer", "text": 42}]})
    return dump(row | rng.choice(wrong))


def _empty(row: Row, rng: random.Random) -> str:
    return dump(row | {"turns": []})


def _unknown_role(row: Row, rng: random.Random) -> str:
    return dump(row | {"turns": [{"role": "robot9", "text": row["turns"][0]["text"]}]})


def _no_object(row: Row, rng: random.Random) -> str:
    return dump(row["turns"])


_WAYS: tuple[Callable[[Row, random.Random], str], ...] = (
    _cut,
    _without,
    _wrong_type,
    _empty,
    _unknown_role,
    _no_object,
)


def broken(row: Row, rng: random.Random) -> str:
    """The row, damaged in one of several ways."""
    return rng.choice(_WAYS)(row, rng)
