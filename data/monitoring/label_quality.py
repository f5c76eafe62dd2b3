"""What the labels say of each day: shares of intents, moods, outcomes; read as columns, never as objects.

A turn's intent is what people decided, else what was accepted, else what is proposed and waits in the
queue, so the shares are of all turns and do not move with the acceptance threshold.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from kefu.schema import Label

_DAY = r":(?P<day>\d{4}-\d{2}-\d{2}):"  # an id is <source>:<day>:<session>
_FIELDS = ("dialogue_id", "what", "value", "why", "proposal")
_SCHEMA = pa.schema([(name, pa.string()) for name in _FIELDS])
_BLOCK = 1 << 24  # bytes read at once; also the longest line
WHAT = ("intent", "sentiment", "resolved", "handover")
QUALITY = "quality:"

Bins = dict[str, Counter[str]]  # distribution → bin → count


def by_day(labels: Path, reviewed: Iterable[Label]) -> dict[str, Bins]:
    """Day → its distributions, plus ``labels``: how many intents are accepted, proposed, reviewed.

    Args:
        labels: folder of the autolabel stage.
        reviewed: what people decided, one label a fact.
    """
    found: dict[str, Bins] = defaultdict(lambda: defaultdict(Counter))
    for label in reviewed:
        if day := re.search(_DAY, label.dialogue_id):
            _count(found[day["day"]], label.what, label.value, 1, "reviewed")
    for name in ("accepted.jsonl", "signals.jsonl"):
        for day_, what, value, count in _labels(labels / name):
            _count(found[day_], what, value, count, "accepted")
    for day_, intent, count in _queue(labels / "queue.jsonl"):
        _count(found[day_], "intent", intent, count, "proposed")
    return {day_: dict(bins) for day_, bins in found.items()}


def _count(bins: Bins, what: str, value: str, count: int, source: str) -> None:
    if what in WHAT:
        bins[what][value] += count
    elif what.startswith(QUALITY):
        bins["quality"][what.removeprefix(QUALITY)] += count
    if what == "intent":
        bins["labels"][source] += count


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


def _labels(path: Path) -> Iterator[tuple[str, str, str, int]]:
    for table in _tables(path):
        for day, what, value, count in _counts(table, ["day", "what", "value"]):
            yield day, what, value, int(count)


def _queue(path: Path) -> Iterator[tuple[str, str, int]]:
    """Proposals nobody accepted; audits and golden tasks have their label elsewhere already."""
    for table in _tables(path):
        unsure = table.filter(pc.equal(table["why"], "unsure"))
        for day, intent, count in _counts(unsure, ["day", "proposal"]):
            yield day, intent, int(count)
