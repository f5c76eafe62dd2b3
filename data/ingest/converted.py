"""A converted batch: rows as they will be stored, and fingerprints by which duplicates are found.

A converted batch depends on no other, so batches can be converted anywhere and in any order. With the
fingerprints alone the one reducer keeps the first of several copies, without looking at any text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.channels.base import RawTurn

_TURN = pa.struct([(name, pa.string()) for name in RawTurn._fields])
_STRINGS = ("id", "source", "channel", "day", "customer")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _STRINGS),
        ("turns", pa.list_(_TURN)),
        ("outcome", pa.string()),
        ("csat", pa.int8()),
    ]
)
# Beside the row until the day is decided on: where it stood, and what is counted if it is kept.
BESIDE = pa.schema(
    [("file", pa.string()), ("line", pa.int64()), ("redacted", pa.string()), ("clock_backwards", pa.bool_())]
)
SPOOLED = pa.schema([*SCHEMA, *BESIDE])


class Row(NamedTuple):
    """A ``kefu.schema.Dialogue`` on its way to the file; checked already, so not built again.

    ``redacted`` is the types of personal data replaced, one word each; the rest as in ``SPOOLED``.
    """

    id: str
    source: str
    channel: str
    day: str
    customer: str
    turns: Sequence[RawTurn]
    outcome: str
    csat: int | None
    file: str
    line: int
    redacted: str
    clock_backwards: bool


@dataclass
class Fingerprints:
    """Per row: ``keys`` (n × 2) and ``sessions`` (n) are keyed hashes, ``signatures`` n × 16, ``completeness`` n.

    ``customers`` (n) are the pseudonyms' 64 bits, 0 where nobody knows who it was.
    """

    keys: NDArray[np.uint64]
    sessions: NDArray[np.uint64]
    signatures: NDArray[np.uint64]
    completeness: NDArray[np.int64]
    customers: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.sessions)


@dataclass
class ConvertedBatch:
    """A batch, converted. ``rejected`` are lines of ``quarantine.jsonl``."""

    read: int
    forgotten: int
    rows: pa.RecordBatch
    fingerprints: Fingerprints
    rejected: list[str]
    encodings: dict[str, str]


def record_batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """Rows as columns of ``SPOOLED``."""
    turns = [turn for row in rows for turn in row.turns]
    offsets = np.cumsum([0, *(len(row.turns) for row in rows)])
    fields = [pa.array([turn[i] for turn in turns], pa.string()) for i in range(len(RawTurn._fields))]
    nested = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.StructArray.from_arrays(fields, fields=list(_TURN))
    )
    columns = [
        nested if field.name == "turns" else pa.array([row[i] for row in rows], field.type)
        for i, field in enumerate(SPOOLED)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SPOOLED)
