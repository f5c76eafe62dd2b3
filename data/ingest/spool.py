"""A day's converted rows on disk until all of them have been seen, and their fingerprints in memory.

Which of several copies stays is known only at the end of the day. A dialogue takes some 200 bytes of
memory (fingerprints and id), and a few hundred of disk in an Arrow file beside the partition, so that a day of
a million needs 200 MB. Signatures, the largest fingerprints, go through a file: pieces and whole are never both
in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.ingest.converted import SPOOLED, ConvertedBatch, Fingerprints
from data.ingest.dedupe.minhash import WORDS

_NONE = np.empty((0, WORDS), np.uint64)


class Spool:
    """Takes parts in order, then gives their rows back in the same order. Use as a context.

    Args:
        folder: where ``spool.*`` are written, and removed by ``close``.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self._signatures = folder / "spool.arrow", folder / "spool.signatures"
        self._fingerprints: list[Fingerprints] = []  # without signatures
        self._ids: list[pa.Array] = []

    def __enter__(self) -> Spool:
        options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
        self._file, self._words = self._path.open("wb"), self._signatures.open("wb")
        self._writer = pa.ipc.new_file(self._file, SPOOLED, options=options)
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()
        self._file.close()
        self._words.close()

    def add(self, converted: ConvertedBatch) -> None:
        """Appends the rows and fingerprints of the next batch to the files."""
        if len(converted.fingerprints):
            self._writer.write_batch(converted.rows)
            self._words.write(converted.fingerprints.signatures.tobytes())
            self._fingerprints.append(replace(converted.fingerprints, signatures=_NONE))
            self._ids.append(converted.rows.column("id"))

    def fingerprints(self) -> Fingerprints:
        """Fingerprints of all rows, after the context has ended; the pieces are let go."""
        pieces, self._fingerprints = self._fingerprints, []
        return Fingerprints(
            np.concatenate([np.empty((0, 2), np.uint64), *(piece.keys for piece in pieces)]),
            np.concatenate([np.empty(0, np.uint64), *(piece.sessions for piece in pieces)]),
            np.fromfile(self._signatures, np.uint64).reshape(-1, WORDS),
            np.concatenate([np.empty(0, np.int64), *(piece.completeness for piece in pieces)]),
            np.concatenate([np.empty(0, np.uint64), *(piece.customers for piece in pieces)]),
        )

    def close(self) -> None:
        """Removes the two temporary files."""
        self._path.unlink()
        self._signatures.unlink()

    def ids(self, rows: NDArray[np.int64]) -> list[str]:
        """Returns the dialogue ids of rows, given by number."""
        return list(pa.chunked_array(self._ids, pa.string()).take(pa.array(rows, pa.int64())).to_pylist())

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Number of its first row, and the batch; after the context has ended."""
        start = 0
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_file(file) as reader:
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                yield start, batch
                start += batch.num_rows
