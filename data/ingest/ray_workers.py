"""The same conversion on a Ray cluster, by Ray Data: files are read and batches converted on any machine.

``RAY_ADDRESS`` names the cluster; without it Ray starts on this machine. The raw folder must be mounted
at the same place on every machine, the project installed there, and ``KEFU_SECRET`` set: it is never
sent. Parts come back in order, and this process alone decides and writes, so the bytes are those of a
local run. A row of the dataset is one pickled batch or part: Ray needs to know nothing of their shape.
"""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import ray
import ray.data

from data.ingest.batches import SourceDay, batches, units
from data.ingest.convert import Converter, Settings
from data.ingest.converted import ConvertedBatch

_BLOCK = 4 * 1024 * 1024  # bytes that a reader gathers before they are passed on
_READING = 0.2  # of a CPU; another share than converting, or Ray would do both for a file in one worker
Rows = dict[str, Any]


def _packed(value: object) -> Rows:
    """A block of one row; an object array, since numpy's own bytes lose trailing zeros."""
    column = np.empty(1, dtype=object)
    column[0] = pickle.dumps(value)
    return {"value": column}


def _unpacked(row: bytes) -> Any:
    return pickle.loads(row)  # noqa: S301  (made by ``_packed`` on a machine of the cluster, as all of Ray's objects)


def _read(rows: Rows) -> Iterator[Rows]:
    for row in rows["value"]:
        day, unit = _unpacked(row)
        for batch in batches(day, unit):
            yield _packed(batch)


class _Convert:
    """A converter that Ray keeps in a worker process."""

    def __init__(self, settings: Settings) -> None:
        self._converter = Converter(settings)

    def __call__(self, rows: Rows) -> Iterator[Rows]:
        for row in rows["value"]:
            yield _packed(self._converter(_unpacked(row)))


class OnRay:
    """Converts on Ray. Use as a context; a Ray that was running before is left running."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._started = False

    def __enter__(self) -> OnRay:
        if not ray.is_initialized():
            where = os.environ.get("RAY_ADDRESS") or "local"  # with none, Ray would join whichever it finds here
            ray.init(where, log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
            self._started = True
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.target_max_block_size = _BLOCK
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.WARNING)
        return self

    def __exit__(self, *_: object) -> None:
        if self._started:
            ray.shutdown()

    def __call__(self, day: str, sources: Sequence[SourceDay]) -> Iterator[ConvertedBatch]:
        parts = [{"value": pickle.dumps((day, unit))} for unit in units(sources)]
        if not parts:
            return
        workers = self._settings.params.workers or int(ray.cluster_resources()["CPU"])
        dataset = (
            ray.data.from_items(parts, override_num_blocks=len(parts))
            .map_batches(_read, batch_size=1, num_cpus=_READING)
            .map_batches(
                _Convert,
                batch_size=1,
                num_cpus=1 - _READING,
                fn_constructor_args=(self._settings,),
                compute=ray.data.ActorPoolStrategy(size=workers),
            )
        )
        for row in dataset.iter_rows():
            yield _unpacked(row["value"])
