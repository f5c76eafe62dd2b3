"""Writes the SAMPLE days: raw lines as a shop system would export them, and labels beside them.

Each dialogue has its own random stream, named by seed, day and number: a day's bytes depend on
nothing but the pack and the seed, so more days leave the earlier ones as they are.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from data.sample.broken import broken, dump
from data.sample.dialogue import SampleDialogue, times, write
from data.sample.labels import review_labels, truth
from data.sample.people import Crowd, Person
from data.sample.spec import load_spec
from data.sample.talk import Writer, nobody
from kefu.io import write_jsonl, write_text
from kefu.schema import Label
from kefu.shop.pack import Pack


@dataclass(frozen=True)
class Size:
    days: int
    dialogues: int
    seed: int


@dataclass(frozen=True)
class Line:
    """One line of a day's file, with the dialogue behind it (None: broken or sent twice)."""

    time: datetime
    text: str
    session: str
    written: SampleDialogue | None


def generate(
    pack: Pack,
    shop: sqlite3.Connection,
    raw: Path,
    labels: Path,
    all_labels: Path,
    size: Size,
    is_held_out: Callable[[str], bool] = nobody,
) -> dict[str, float]:
    """Writes ``raw/dt=…/chat.jsonl``, reviewed labels of all days but the last, and the whole truth.

    Args:
        shop: the pack's demo database, for customers and their orders.
        is_held_out: whether evaluation holds this customer out. Agents answer them in own words now and then, which
            no training customer reads: a model that knows the canned replies by heart shows it there.

    Returns:
        What was written, by kind.
    """
    spec = load_spec(pack)
    writer = Writer(pack, spec, Crowd(spec.settings, spec.people, shop, size.seed), is_held_out)
    first = date.fromisoformat(spec.settings.first_day)
    days = [(index, (first + timedelta(days=index)).isoformat()) for index in range(size.days)]
    facts: list[Label] = []
    checked: list[Label] = []
    counts = {"dialogues": 0.0, "lines": 0.0, "turns": 0.0}
    for day in days:
        lines = list(_day(writer, day, size))
        write_text(raw / f"dt={day[1]}" / "chat.jsonl", "".join(line.text + "\n" for line in lines), private=True)
        kept = [(f"{raw.name}:{day[1]}:{line.session}", line.written) for line in lines if line.written]
        facts += truth(kept, pack.taxonomy.version)
        if day[0] < size.days - 1:
            checked += review_labels(kept, pack.taxonomy, spec.settings.rates, f"{size.seed}:{day[1]}")
        counts["lines"] += len(lines)
        counts["dialogues"] += len(kept)
        counts["turns"] += sum(len(written.turns) for _, written in kept)
    write_jsonl(labels, checked, private=True)
    write_jsonl(all_labels, facts)
    return counts | {"customer_turns": sum(x.what == "intent" for x in facts), "reviewed_labels": len(checked)}


def _day(writer: Writer, day: tuple[int, str], size: Size) -> Iterator[Line]:
    """The day's lines in order of time."""
    lines = [line for number in range(size.dialogues) for line in _lines(writer, day, number, size.seed)]
    return iter(sorted(lines, key=lambda line: line.time))


def _lines(writer: Writer, day: tuple[int, str], number: int, seed: int) -> Iterator[Line]:
    """A dialogue, perhaps sent twice, begun twice, or with a broken line after it."""
    rates, name = writer.spec.settings.rates, f"{seed}:{day[1]}:{number}"
    luck = random.Random(f"{name}:luck")
    person = writer.crowd.someone(luck)
    line = _line(writer, day, name, 0, _written(writer, person, day, name, 0))
    yield line
    if luck.random() < rates.duplicate:
        yield Line(line.time + timedelta(seconds=luck.randrange(60, 9000)), line.text, line.session, None)
    if luck.random() < rates.near_duplicate:
        yield _line(writer, day, name, 1, _written(writer, person, day, name, 1))
    if luck.random() < rates.broken:
        row = line.written.row(f"{line.session}x", None, None) if line.written else {}
        yield Line(line.time, broken(row, luck), "", None)


def _written(writer: Writer, person: Person, day: tuple[int, str], name: str, attempt: int) -> SampleDialogue:
    """The dialogue of this name; another attempt is the same one, typed anew by the customer."""
    own = random.Random(f"{name}:own") if writer.is_held_out(person.id) else None
    return write(writer, person, day, random.Random(name), random.Random(f"{name}:{attempt}"), own)


def _line(writer: Writer, day: tuple[int, str], name: str, attempt: int, written: SampleDialogue) -> Line:
    settings = writer.spec.settings
    rng = random.Random(f"{name}:time:{attempt}")
    start = datetime.fromisoformat(f"{day[1]}T00:00:00{settings.offset}") + timedelta(
        hours=rng.choices(range(24), settings.hours)[0], seconds=rng.randrange(3600)
    )
    stamps = times(start, len(written.turns), rng) if rng.random() > 0.04 else None
    stars = rng.choices(range(1, 6), settings.csat[written.outcome])[0] if rng.random() < settings.rates.csat else None
    session = f"s{int(name.rsplit(':', 1)[1]):04d}" + ("r" if attempt else "")
    return Line(start, dump(written.row(session, stamps, stars)), session, written)
