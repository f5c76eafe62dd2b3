"""A day's load: SAMPLE dialogues in any number, as ingest would leave them, and the truth of their outcomes.

Half of the dialogues are from the first day's words and half from the seventh's. Personal data stands as
the placeholders that redaction would write: redaction itself is measured by ``benchmarks/ingest``.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.clean.part import SCHEMA
from data.sample.dialogue import Written, write
from data.sample.people import Crowd
from data.sample.spec import load_spec
from data.sample.talk import Writer
from kefu.pack import Pack
from kefu.redact import Redactor
from kefu.schema import Dialogue, Label, Turn

DAYS, GROUP = (0, 6), 10_000
SEED = 11  # not that of the bundled days


def written(pack: Pack, shop: sqlite3.Connection, count: int) -> Iterator[tuple[str, Written]]:
    """(day, dialogue), ``count`` of them."""
    spec = load_spec(pack)
    writer = Writer(pack, spec, Crowd(spec.settings, spec.people, shop, SEED))
    first = date.fromisoformat(spec.settings.first_day)
    for index in DAYS:
        day = (index, (first + timedelta(days=index)).isoformat())
        for number in range(count // len(DAYS)):
            name = f"{SEED}:{index}:{number}"
            person = writer.crowd.someone(random.Random(name))
            yield day[1], write(writer, person, day, random.Random(name), random.Random(f"{name}:hand"))
