"""Takes a person out of files of records, and deletes derived files that still hold something of them.

What the loop can make again is deleted rather than mended: a report with a hole is no report.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from data.forget.search import holds
from data.forget.traces import Traces
from kefu.io import atomic_path, read_json, write_json


def forget_jsonl(folder: Path, traces: Traces, write: bool) -> int:
    """Rewrites every ``*.jsonl`` below ``folder`` without the person's lines; returns how many went."""
    return sum(_filter(path, traces, write) for path in sorted(folder.rglob("*.jsonl")))


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


def forget_json(folder: Path, traces: Traces, write: bool) -> int:
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


def forget_derived(folder: Path, traces: Traces, write: bool) -> int:
    """Deletes files below ``folder`` that hold the person; a later run of the loop makes them again."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and holds(path, traces)]
    for path in found if write else ():
        path.unlink()
    return len(found)
