"""A bar with the time that is left, for whoever watches; nothing where no terminal is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tick = Callable[..., None]


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Tick]:
    """Yields ``tick(done=1, note="")``: how many more are done, and what to show beside the bar.

    Args:
        what: noun phrase, e.g. 'pretraining, centre'.
        total: of what is counted; None when it is not known before the end.
    """
    if not sys.stdout.isatty():
        yield lambda done=1, note="": None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("   {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), transient=True) as bar:
        task = bar.add_task(what, total=total, note="")
        yield lambda done=1, note="": bar.update(task, advance=done, note=note)
