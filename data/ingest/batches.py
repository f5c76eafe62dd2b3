"""A day's raw files as batches of records: reading is cheap and in order, all the rest is done elsewhere.

A channel of one record a line hands over its lines unparsed, and a file can be read apart from the
others. Other channels gather records over all files of the day, so they are parsed where they are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data.channels import CHANNELS
from data.channels.base import ParsedDialogue, PerLine
from data.channels.params import Source
from data.channels.reading.files import Inputs, Line, Problem

RECORDS = 256  # at most, in a batch
CHARACTERS = 1_000_000  # a batch is full when it holds more


@dataclass(frozen=True)
class SourceDay:
    """The files of one source on one day."""

    source: str
    channel: str
    files: tuple[Path, ...]
    options: Source


@dataclass
class Batch:
    """Some consecutive records of a source, and the encodings found so far in the files they are from."""

    day: str
    source: str
    channel: str
    items: list[Line | Problem | ParsedDialogue] = field(default_factory=list)
    encodings: dict[str, str] = field(default_factory=dict)


def units(sources: Sequence[SourceDay]) -> list[SourceDay]:
    """What can be read apart from one another, in the order in which it counts."""
    parts = []
    for day in sources:
        if isinstance(CHANNELS[day.channel], PerLine):
            parts += [SourceDay(day.source, day.channel, (file,), day.options) for file in day.files]
        else:
            parts.append(day)
    return parts


def _length(item: Line | Problem | ParsedDialogue) -> int:
    return len(item.text if isinstance(item, Line) else item.raw)


def batches(day: str, unit: SourceDay) -> Iterator[Batch]:
    """Yields the records of one source's day in batches, in the order of the files."""
    channel, inputs = CHANNELS[unit.channel], Inputs(unit.files, unit.options)
    items: list[Line | Problem | ParsedDialogue] = []
    size = 0
    for item in channel.lines(inputs) if isinstance(channel, PerLine) else channel(inputs):
        items.append(item)
        size += _length(item)
        if len(items) == RECORDS or size > CHARACTERS:
            yield Batch(day, unit.source, unit.channel, items, dict(inputs.encodings))
            items, size = [], 0
    if items or inputs.encodings:
        yield Batch(day, unit.source, unit.channel, items, dict(inputs.encodings))
