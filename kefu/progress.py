"""How far a long work is: a bar with the time that is left on a terminal, and the curve of a training."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

logger = logging.getLogger(__name__)
LINE_S = 60  # seconds between two lines about a training, where no terminal is

Tick = Callable[..., None]
LogFigures = Callable[[int, Mapping[str, float]], None]  # (step, name → value), called while a training runs


def ignore_figures(step: int, figures: Mapping[str, float]) -> None:
    """A LogFigures for who has nowhere to log to."""


@contextmanager
def progress(what: str, total: int | None = None, done: int = 0) -> Iterator[Tick]:
    """Yields ``tick(done=1, note="")``: how many more are done, and what to show beside the bar.

    Args:
        what: noun phrase, e.g. 'pretraining, centre'.
        total: of what is counted; None when it is not known before the end.
        done: of what is counted, by an earlier run.
    """
    if not sys.stdout.isatty():
        yield lambda done=1, note="": None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("   {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), transient=True) as bar:
        task = bar.add_task(what, total=total, completed=done, note="")
        yield lambda done=1, note="": bar.update(task, advance=done, note=note)


class TrainingProgress:
    """Tells of each step: to the bar, to the log where no terminal is, and to ``log``.

    Args:
        what: noun phrase, e.g. 'fine-tuning'.
        steps: of the whole training.
        done: steps that an earlier run made.
        tick: of ``progress``.
        log: what keeps the curve.
    """

    def __init__(self, what: str, steps: int, done: int, tick: Tick, log: LogFigures) -> None:
        self._what, self._steps, self._done, self._tick, self._log = what, steps, done, tick, log
        self._started = self._said = time.monotonic()
        self._tokens = 0

    def step(self, step: int, loss: float, tokens: int) -> None:
        """One more step is made.

        Args:
            step: counted from 1.
            loss: nats a learned token.
            tokens: that the step read, without padding.
        """
        self._tokens += tokens
        now = time.monotonic()
        rate = self._tokens / max(now - self._started, 1e-9)
        self._tick(note=f"loss {loss:.3f}, {rate:,.0f} tokens/s")
        self._log(step, {"loss": loss})
        if not sys.stdout.isatty() and now - self._said >= LINE_S:
            self._said = now
            left = (now - self._started) / (step - self._done) * (self._steps - step)
            logger.info(
                "%s: step %d of %d, loss %.3f, %.0f tokens/s, about %.0f min left",
                *(self._what, step, self._steps, loss, rate, left / 60),
            )


@contextmanager
def training_progress(
    what: str, steps: int, losses: list[tuple[int, float]], log: LogFigures = ignore_figures
) -> Iterator[TrainingProgress]:
    """Shows a training from its first step, or from where an earlier run of it ended.

    Args:
        what: noun phrase, e.g. 'fine-tuning'.
        steps: of the whole training.
        losses: (step from 1, loss) of an earlier run's steps; they are logged once more, so that the curve is whole.
        log: what keeps the curve.
    """
    for step, loss in losses:
        log(step, {"loss": loss})
    with progress(what, steps, len(losses)) as tick:
        yield TrainingProgress(what, steps, len(losses), tick, log)
