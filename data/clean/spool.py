"""A day's converted rows on disk until all of them have been seen, and their marks in memory.

Which of several copies stays is known only at the end of the day. A dialogue takes some 200 bytes of
memory (marks and id), and a few hundred of disk in an Arrow file beside the partition, so that a day of
a million needs 200 MB.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.clean.part import SPOOLED, Marks, Part, join


class Spool:
    """Takes parts in order, then gives their rows back in the same order. Use as a context.

    Args:
        path: file that is written; whoever gives it removes it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._marks: list[Marks] = []
        self._ids: list[pa.Array] = []

    def __enter__(self) -> Spool:
        options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
        self._file = self._path.open("wb")
        self._writer = pa.ipc.new_file(self._file, SPOOLED, options=options)
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()
        self._file.close()

    def add(self, part: Part) -> None:
        """Rows and marks of the next part."""
        if len(part.marks):
            self._writer.write_batch(part.rows)
            self._marks.append(part.marks)
            self._ids.append(part.rows.column("id"))

    def marks(self) -> Marks:
        """Marks of all rows; the pieces are let go."""
        whole = join(self._marks)
        self._marks.clear()
        return whole

    def ids(self, rows: NDArray[np.int64]) -> list[str]:
        """Dialogue ids of rows."""
        return list(pa.chunked_array(self._ids, pa.string()).take(pa.array(rows, pa.int64())).to_pylist())

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Number of its first row, and the batch; after the context has ended."""
        start = 0
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_file(file) as reader:
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                yield start, batch
                start += batch.num_rows
