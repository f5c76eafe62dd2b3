"""Whether a file holds anything of a person, whatever its kind: Parquet, compressed, text.

Model weights are not looked into for words: they hold numbers. Which models saw the person is another
question (``trained_on``).
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.forget.traces import Traces

_PIECE, _OVERLAP = 1 << 24, 1 << 16  # bytes of a decompressed file looked at together


def holds(path: Path, traces: Traces) -> bool:
    """Looks through the whole file. Raises OSError when it cannot be read."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"PAR1"):
        return any(traces.own(value) for value in _parquet_values(path))
    if start.startswith(b"\x1f\x8b") or start.startswith(b"\x28\xb5\x2f\xfd"):
        return any(traces.found_in(piece) for piece in unpacked(path))
    if not start:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if b"\0" in start:  # binary: the pseudonym would stand there plainly
            return content.find(traces.customer.encode()) >= 0
        return traces.found_in(content)


def _parquet_values(path: Path) -> Iterator[object]:
    for batch in pq.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()


def unpacked(path: Path) -> Iterator[bytes]:
    """What a packed file holds, as far as it can be read, in pieces that overlap."""
    before = b""
    with path.open("rb") as file:
        kind = "gzip" if file.read(1) == b"\x1f" else "zstd"
    with pa.CompressedInputStream(str(path), kind) as stream:
        try:
            while piece := stream.read(_PIECE):
                yield before + piece
                before = piece[-_OVERLAP:]
        except OSError:
            return  # damaged from here on: nothing more can be read by anybody


def forget_cache(cache: Path, traces: Traces, write: bool) -> int:
    """Deletes the objects of DVC's local cache that hold the person; returns how many.

    Older versions of the loop's outputs then lack these files for good: `dvc checkout` of them says so.
    """
    objects = [path for path in sorted(cache.glob("files/md5/??/*")) if path.suffix != ".dir"]
    found = [path for path in objects if holds(path, traces)]
    for path in found if write else ():
        path.unlink()
    return len(found)
