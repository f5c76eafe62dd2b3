"""A day's load: dialogues of 12 turns in the words of the SAMPLE days, as ingest would leave them, and their truth.

Personal data stands as the placeholders that redaction writes; redaction itself is ``benchmarks/ingest``'s.
SAMPLE dialogues are shorter than twelve turns, so several are joined.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.ingest.converted import SCHEMA
from data.sample.dialogue import write
from data.sample.people import Crowd, Person
from data.sample.spec import load_spec
from data.sample.talk import SampleTurn, Writer
from kefu.schema import Dialogue, Turn
from kefu.shop.pack import Pack

TURNS, GROUP, DAY = 12, 10_000, 6  # DAY: the seventh of the SAMPLE days, whose words all exist by then
Truth = dict[tuple[str, int], str]
_TYPES = {"bank_card": "CARD", "id_card": "ID", "tax": "TAX"}


class _Redacted(Crowd):
    """People whose data is redacted already."""

    def someone(self, rng: random.Random) -> Person:
        person = super().someone(rng)
        return replace(person, facts={name: f"[{_TYPES.get(name, name.upper())}_1]" for name in person.facts})

    def order(self, person: Person, query: str, day: str, rng: random.Random) -> str:
        return "[ORDER_1]"


def dialogues(pack: Pack, shop: sqlite3.Connection, count: int, seed: int) -> Iterator[tuple[Dialogue, Truth]]:
    """``count`` dialogues, each with the intents of its customer turns."""
    spec = load_spec(pack)
    writer = Writer(pack, spec, _Redacted(spec.settings, spec.people, shop, seed))
    day = (date.fromisoformat(spec.settings.first_day) + timedelta(days=DAY)).isoformat()
    for number in range(count):
        rng = random.Random(f"{seed}:{number}")
        person, said = writer.crowd.someone(rng), list[SampleTurn]()
        while len(said) < TURNS:
            said += write(writer, person, (DAY, day), rng, rng).turns
        name = f"load:{day}:{seed}-{number:06d}"
        truth = {(name, i): turn.intent for i, turn in enumerate(said[:TURNS]) if turn.intent}
        turns = tuple(Turn.model_validate({"role": turn.role, "text": turn.text}) for turn in said[:TURNS])
        facts = {"id": name, "source": "load", "channel": "kefu_jsonl", "day": day, "customer": person.id}
        yield Dialogue.model_validate({**facts, "turns": turns}), truth


def store(folder: Path, made: Iterator[tuple[Dialogue, Truth]]) -> Truth:
    """Writes a partition as ingest does, in groups of rows; returns the truth."""
    path, truth, rows = folder / "dt=2026-11-15/dialogues.parquet", Truth(), []
    path.parent.mkdir(parents=True)
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for dialogue, intents in made:
            truth |= intents
            rows.append(dialogue.model_dump())
            if len(rows) == GROUP:
                writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
                rows = []
        writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
    return truth
