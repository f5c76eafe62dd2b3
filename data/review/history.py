"""All that people ever said: ``store/reviewed/history/labelstudio.jsonl``, one ``Annotation`` a line.

A changed mind is another line, nothing is overwritten; labels follow from this file (``votes``) and can be
derived from it again. The file is replaced as a whole, so it is never torn.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from data.review.label_studio.annotations import Annotation
from kefu.io import private_dir, read_jsonl, write_jsonl

FILE = "history/labelstudio.jsonl"


def read(folder: Path) -> list[Annotation]:
    """Everything said so far, oldest first; nothing when nothing was pulled. Raises BadRecord with file and line."""
    path = folder / FILE
    return list(read_jsonl(path, Annotation)) if path.exists() else []


def merged(before: Iterable[Annotation], new: Iterable[Annotation]) -> list[Annotation]:
    """Both, each state of an annotation once, oldest first."""
    found = {(a.time, a.server, a.id): a for a in (*before, *new)}
    return [found[at] for at in sorted(found)]


def write(folder: Path, annotations: Iterable[Annotation]) -> int:
    """Replaces the history; returns how many lines."""
    return write_jsonl(private_dir(folder) / FILE, annotations, private=True)
