"""A day's census and sample, kept beside the pages so that only new days are read again.

Keyed by the partition's bytes and the parameters that matter. Nothing in it is text: counts by bin,
and hashed n-grams of a sample.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from data.monitoring.distributions import Census, census
from data.monitoring.params import Monitor
from data.monitoring.turn_sample import Sample, draw
from kefu.io import file_hash, read_json, write_json
from kefu.store import day_of

VERSION = 1  # raise it when the same partition gives another census or sample
FOLDER = "days"


@dataclass(frozen=True)
class Day:
    """What is known of a day without its text. ``new``: it was read now, not taken from the cache."""

    day: str
    census: Census
    sample: Sample
    new: bool


def _key(partition: Path, params: Monitor) -> str:
    files = [file_hash(path) for path in sorted(partition.iterdir()) if path.suffix in {".parquet", ".json", ".jsonl"}]
    return hashlib.sha256(f"{VERSION} {params.sample} {params.seed} {files}".encode()).hexdigest()


def read_day(partition: Path, pages: Path, params: Monitor) -> Day:
    """A day, from the cache when its partition is the one that was read."""
    day, key = day_of(partition), _key(partition, params)
    facts, sampled = pages / FOLDER / f"{day}.json", pages / FOLDER / f"{day}.npz"
    if facts.exists() and sampled.exists():
        known = read_json(facts)
        if known.pop("key") == key:
            return Day(day, Census(**known), Sample.load(sampled), new=False)
    counted, drawn = census(partition), draw(partition, day, params.sample, params.seed)
    drawn.save(sampled)
    write_json(facts, counted.as_json() | {"key": key}, private=True)
    return Day(day, counted, drawn, new=True)
