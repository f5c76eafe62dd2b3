"""What the labels say of each day: shares of intents, moods, outcomes; read as columns, never as objects.

A turn's intent is what people decided, else what was accepted, else what is proposed and waits in the
queue, so the shares are of all turns and do not move with the acceptance threshold.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

_DAY = r":(?P<day>\d{4}-\d{2}-\d{2}):"  # an id is <source>:<day>:<session>
_FIELDS = ("dialogue_id", "what", "value", "why", "proposal")
_SCHEMA = pa.schema([(name, pa.string()) for name in _FIELDS])
_BLOCK = 1 << 24  # bytes read at once; also the longest line
WHAT = ("intent", "sentiment", "resolved", "handover")
QUALITY = "quality:"

Bins = dict[str, Counter[str]]  # distribution → bin → count


def by_day(labels: Path, reviewed: Iterable[Path]) -> dict[str, Bins]:
    """Day → its distributions, plus ``labels``: how many intents are accepted, proposed, reviewed."""
    found: dict[str, Bins] = defaultdict(lambda: defaultdict(Counter))
    for path in reviewed:
        _add(found, path, "reviewed")
    _add(found, labels / "accepted.jsonl", "accepted")
    for day, intent, count in _queue(labels / "queue.jsonl"):
        found[day]["intent"][intent] += count
        found[day]["labels"]["proposed"] += count
    return {day: dict(bins) for day, bins in found.items()}


def _tables(path: Path) -> Iterator[pa.Table]:
    if not path.exists() or not path.stat().st_size:
        return
    parse = pj.ParseOptions(explicit_schema=_SCHEMA, unexpected_field_behavior="ignore")
    for batch in pj.open_json(path, pj.ReadOptions(block_size=_BLOCK), parse):
        table = pa.Table.from_batches([batch])
        day = pc.struct_field(pc.extract_regex(table["dialogue_id"], _DAY), "day")
        yield table.append_column("day", day).filter(pc.is_valid(day))


def _counts(table: pa.Table, columns: list[str]) -> Iterator[tuple[str, ...]]:
    grouped = table.group_by(columns).aggregate([([], "count_all")])
    yield from zip(*(grouped[name].to_pylist() for name in (*columns, "count_all")), strict=True)


def _add(found: dict[str, Bins], path: Path, source: str) -> None:
    for table in _tables(path):
        for day, what, value, count in _counts(table, ["day", "what", "value"]):
            if what in WHAT:
                found[day][what][value] += int(count)
            elif what.startswith(QUALITY):
                found[day]["quality"][what.removeprefix(QUALITY)] += int(count)
            if what == "intent":
                found[day]["labels"][source] += int(count)


def _queue(path: Path) -> Iterator[tuple[str, str, int]]:
    """Proposals nobody accepted; audits and golden tasks have their label elsewhere already."""
    for table in _tables(path):
        unsure = table.filter(pc.equal(table["why"], "unsure"))
        for day, intent, count in _counts(unsure, ["day", "proposal"]):
            yield day, intent, int(count)
