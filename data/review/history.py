"""All annotations ever pulled: ``store/reviewed/history/labelstudio.jsonl``, one ``Annotation`` a line.

A changed or deleted annotation is another line, nothing is overwritten. Labels follow from this file (``votes``)
and can be derived from it again. The file is replaced as a whole, so it is never torn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from data.review.label_studio.annotations import Annotation, Answers, moment
from data.review.task_id import question_key
from kefu.io import private_dir, read_jsonl, write_jsonl

FILE = "history/labelstudio.jsonl"


def read(folder: Path) -> list[Annotation]:
    """Everything said so far, oldest first; nothing when nothing was pulled. Raises BadRecord with file and line."""
    path = folder / FILE
    return list(read_jsonl(path, Annotation)) if path.exists() else []


def merge_annotations(before: Iterable[Annotation], new: Iterable[Annotation]) -> list[Annotation]:
    """Both, each state of an annotation once, oldest first."""
    found = {(a.time, a.server, a.id, a.question): a for a in (*before, *new)}
    return [found[at] for at in sorted(found)]


def write(folder: Path, annotations: Iterable[Annotation]) -> int:
    """Replaces the history; returns how many lines."""
    return write_jsonl(private_dir(folder) / FILE, annotations, private=True)


def withdrawals(
    before: Iterable[Annotation], pulled: Answers, server: str, exists: Callable[[int], bool]
) -> Iterator[Annotation]:
    """Yields the annotations that were deleted on the server, each once more, as withdrawn now.

    An annotation is withdrawn only on evidence about itself: its question was looked at and does not have it, and the
    server, asked for it by number, says that there is none. So a pull that was cut short withdraws nothing; nor
    does a task or a project that was removed, or made anew: then what people said stays.

    Args:
        before: the history.
        server: which project on which server was pulled.
        exists: whether the server has an annotation of this number.
    """
    newest = {
        (said.id, said.question): said for said in sorted(before, key=lambda said: said.time) if said.server == server
    }
    for said in newest.values():
        there = pulled.asked.get(question_key(said.question, said.round))
        if there is None or said.id in there or said.withdrawn or exists(said.id):
            continue
        later = moment(datetime.fromisoformat(said.time) + timedelta(microseconds=1))  # a state of its own
        yield said.model_copy(update={"withdrawn": True, "time": max(later, pulled.newest or later)})
