"""One person out of everything on this disk, in an order that can be interrupted anywhere.

What is derived goes before what it derives from, and the stored days last: until then the person's dialogue
ids are still known, so a run that was killed finds the rest the next time. Derived files that the loop can make
again are deleted rather than mended: a report with a hole is no report.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.forget.partitions import forget_partitions
from data.forget.raw import forget_raw, forget_raw_versions
from data.forget.traces import Traces, find_traces, holds
from data.ingest.params import Ingest
from kefu.io import atomic_path, content_named_dir, read_json, write_json

RECORDS = ("labeler", "labels", "review", "sets", "evaluation", "corpus")  # folders of the store with *.jsonl
KEPT = {"base", "release", "runtime"}  # models and live state: no text of customers is deleted from them here


@dataclass(frozen=True)
class Places:
    """Where things are; see ``kefu.paths``. ``cache``: DVC's."""

    raw: Path
    reviewed: Path
    store: Path
    cache: Path

    @property
    def dialogues(self) -> Path:
        return self.store / "dialogues"


@dataclass
class Gone:
    """What went (or would go), by artefact, and what could not be done."""

    traces: Traces
    counts: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)  # what may be about them, and stays


def survey(places: Places, customer: str, params: Ingest, public: str) -> Traces:
    """The person's traces in raw files and in the store; ``public``: the shop's own texts."""
    raw = forget_raw(places.raw, customer, params, False)
    return find_traces(places.dialogues, places.cache, customer, raw, public)


def forget_files(places: Places, traces: Traces, params: Ingest, write: bool) -> Gone:
    """Removes the person from derived files, raw files, DVC's cache, and the stored days, in this order."""
    gone = Gone(traces)
    for name in RECORDS:
        gone.counts[name] = _forget_jsonl(places.store / name, traces, write)
    gone.counts["reviewed"] = _forget_jsonl(places.reviewed, traces, write)
    gone.counts["reviewed"] += _forget_json(places.reviewed, traces, write)
    gone.counts["frozen"] = _forget_frozen(places.store / "frozen", traces, write)
    apart = {places.raw, places.reviewed, places.dialogues, *(places.store / name for name in KEPT)}
    derived = [path for path in sorted(places.store.glob("*")) if path not in apart]
    gone.counts["derived files"] = sum(_derived(path, traces, write) for path in derived)
    gone.counts["checkpoints"] = _forget_checkpoints(places.store / "runtime/checkpoints", traces, write)
    gone.counts["DVC cache objects"] = _forget_cache(places.cache, traces, write)
    gone.counts["DVC cache objects"] += forget_raw_versions(places.cache, traces.customer, params, write)
    raw = forget_raw(places.raw, traces.customer, params, write)
    gone.counts |= {"raw records": raw.records, "raw files": raw.files}
    gone.failed += raw.failed
    gone.unclear += raw.unclear
    days = forget_partitions(places.dialogues, traces, write)
    gone.counts |= {f"stored {name}": count for name, count in days.items()}
    return gone


def _forget_jsonl(folder: Path, traces: Traces, write: bool) -> int:
    """Rewrites every ``*.jsonl`` below ``folder`` without the person's lines; returns how many went."""
    return sum(_filter(path, traces, write) for path in sorted(folder.rglob("*.jsonl")))


def _forget_frozen(folder: Path, traces: Traces, write: bool) -> int:
    """The same of frozen sets: what is left gets the name of its content. After a kill the next run ends it."""
    count = 0
    for path in sorted(folder.glob("????-??.*/")):
        gone = _forget_jsonl(path, traces, False)
        count += gone
        if gone and write:
            with content_named_dir(folder, path.name.partition(".")[0], private=True) as new:
                shutil.copytree(path, new, dirs_exist_ok=True)
                _forget_jsonl(new, traces, True)
            shutil.rmtree(path)
    return count


def _filter(path: Path, traces: Traces, write: bool) -> int:
    if not holds(path, traces):
        return 0
    with path.open(encoding="utf8") as file:
        gone = sum(_is_theirs(line, traces) for line in file)
    if gone and write:
        with (
            path.open(encoding="utf8") as file,
            atomic_path(path, private=True) as new,
            new.open("w", encoding="utf8") as out,
        ):
            out.writelines(line for line in file if not _is_theirs(line, traces))
    return gone


def _is_theirs(line: str, traces: Traces) -> bool:
    if not traces.found_in(line.encode()):
        return False
    try:
        return traces.own(json.loads(line))
    except ValueError:  # torn: nobody reads it, and it may be theirs
        return True


def _forget_json(folder: Path, traces: Traces, write: bool) -> int:
    """Drops list items and fields that are the person's from ``*.json`` that only people can make again."""
    gone = 0
    for path in sorted(folder.rglob("*.json")):
        value = read_json(path)
        if traces.own(value):
            gone += 1
            if write:
                write_json(path, _scrubbed(value, traces), private=True)
    return gone


def _scrubbed(value: Any, traces: Traces) -> Any:
    if isinstance(value, list):
        return [_scrubbed(item, traces) for item in value if isinstance(item, dict | list) or not traces.own(item)]
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if isinstance(item, dict | list) or not traces.own(item)}
        return {key: _scrubbed(item, traces) for key, item in kept.items() if not traces.own(key)}
    return value


def _forget_derived(folder: Path, traces: Traces, write: bool) -> int:
    """Deletes files below ``folder`` that hold the person; a later run of the loop makes them again."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and holds(path, traces)]
    for path in found if write else ():
        path.unlink()
    return len(found)


def _forget_checkpoints(folder: Path, traces: Traces, write: bool) -> int:
    """Deletes all checkpoints of trainings that did not end: whom their sets held cannot be read from weights."""
    found = sorted(folder.glob("**/checkpoint-*")) if traces.ids else []
    if found and write:
        shutil.rmtree(folder)
    return len(found)


def _forget_cache(cache: Path, traces: Traces, write: bool) -> int:
    """Deletes the objects of DVC's local cache that hold the person; returns how many.

    Older versions of the loop's outputs then lack these files for good: `dvc checkout` of them says so.
    """
    objects = [path for path in sorted(cache.glob("files/md5/??/*")) if path.suffix != ".dir"]
    found = [path for path in objects if holds(path, traces)]
    for path in found if write else ():
        path.unlink()
    return len(found)


def _derived(path: Path, traces: Traces, write: bool) -> int:
    """The day's pages and their cache hold samples of everybody; with anything of the person they go whole."""
    if path.name == "monitor" and traces.ids:
        found = [file for file in sorted(path.rglob("*")) if file.is_file()]
        for file in found if write else ():
            file.unlink()
        return len(found)
    return _forget_derived(path, traces, write) if path.is_dir() else 0
