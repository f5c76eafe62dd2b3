"""Annotations that were deleted on the server: what they said stays in the history and counts no more.

An annotation is withdrawn only on evidence about itself: its task was looked at and does not have it, and the
server, asked for it by number, says that there is none. So a pull that was cut short withdraws nothing; nor
does a task or a project that was removed, or made anew: then what people said stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from data.review.label_studio.annotations import Annotation, Answers, moment
from data.review.task_id import task_key


def withdrawn(
    before: Iterable[Annotation], pulled: Answers, server: str, exists: Callable[[int], bool]
) -> Iterator[Annotation]:
    """The annotations that are gone, each once more, as withdrawn now.

    Args:
        before: the history.
        server: which project on which server was pulled.
        exists: whether the server has an annotation of this number.
    """
    newest = {said.id: said for said in sorted(before, key=lambda said: said.time) if said.server == server}
    for said in newest.values():
        there = pulled.tasks.get(task_key(said.question, said.round))
        if there is None or said.id in there or said.withdrawn or exists(said.id):
            continue
        later = moment(datetime.fromisoformat(said.time) + timedelta(microseconds=1))  # a state of its own
        yield said.model_copy(update={"withdrawn": True, "time": max(later, pulled.newest or later)})
