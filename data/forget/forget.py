"""One person out of everything on this disk, in an order that can be interrupted anywhere.

What is derived goes before what it derives from, and the stored days last: until then the person's dialogue
ids are still known, so a run that was killed finds the rest the next time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from data.forget.partitions import forget_partitions
from data.forget.raw import forget_raw
from data.forget.records import forget_derived, forget_json, forget_jsonl
from data.forget.search import forget_cache
from data.forget.traces import Traces, find
from data.ingest.params import Ingest

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
    return find(places.dialogues, places.cache, customer, raw, public)


def forget_files(places: Places, traces: Traces, params: Ingest, write: bool) -> Gone:
    """Removes the person from derived files, raw files, DVC's cache, and the stored days, in this order."""
    gone = Gone(traces)
    for name in RECORDS:
        gone.counts[name] = forget_jsonl(places.store / name, traces, write)
    gone.counts["reviewed"] = forget_jsonl(places.reviewed, traces, write)
    gone.counts["reviewed"] += forget_json(places.reviewed, traces, write)
    apart = {places.raw, places.reviewed, places.dialogues, *(places.store / name for name in KEPT)}
    derived = [path for path in sorted(places.store.glob("*")) if path not in apart]
    gone.counts["derived files"] = sum(_derived(path, traces, write) for path in derived)
    gone.counts["DVC cache objects"] = forget_cache(places.cache, traces, write)
    raw = forget_raw(places.raw, traces.customer, params, write)
    gone.counts |= {"raw records": raw.records, "raw files": raw.files}
    gone.failed += raw.failed
    gone.unclear += raw.unclear
    days = forget_partitions(places.dialogues, traces, write)
    gone.counts |= {f"stored {name}": count for name, count in days.items()}
    return gone


def _derived(path: Path, traces: Traces, write: bool) -> int:
    """The day's pages and their cache hold samples of everybody; with anything of the person they go whole."""
    if path.name == "monitor" and traces.ids:
        found = [file for file in sorted(path.rglob("*")) if file.is_file()]
        for file in found if write else ():
            file.unlink()
        return len(found)
    return forget_derived(path, traces, write) if path.is_dir() else 0
