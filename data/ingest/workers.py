"""Who converts the batches: this process, worker processes, or a Ray cluster, all with the same results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

from data.ingest.batches import Batch, SourceDay, batches, units
from data.ingest.convert import Converter, Settings
from data.ingest.converted import ConvertedBatch
from kefu.parallel import Workers

_WORTH_IT = 2_000_000  # bytes of raw files below which starting processes takes longer than the work


class Runner(Protocol):
    """Converts a day's sources; batches come in the order of their records."""

    def __call__(self, day: str, sources: Sequence[SourceDay]) -> Iterator[ConvertedBatch]: ...


def make_runner(settings: Settings) -> AbstractContextManager[Runner]:
    """Makes the runner that ``ingest.runner`` names; use it as a context."""
    if settings.params.runner == "ray":
        from data.ingest.ray_workers import OnRay  # imports ray, which takes seconds

        return OnRay(settings)
    return Local(settings)


def _read(day: str, sources: Sequence[SourceDay]) -> Iterator[Batch]:
    for unit in units(sources):
        yield from batches(day, unit)


class Local:
    """Worker processes of this machine, started when a day is worth it. Use as a context."""

    def __init__(self, settings: Settings) -> None:
        self._workers = Workers(partial(Converter, settings), settings.params.workers)

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *exception: object) -> None:
        self._workers.__exit__(*exception)

    def __call__(self, day: str, sources: Sequence[SourceDay]) -> Iterator[ConvertedBatch]:
        size = sum(file.stat().st_size for source in sources for file in source.files)
        return self._workers.map(_read(day, sources), small=size < _WORTH_IT)
