"""The plain bytes of a raw file, packed or not: read in blocks, and written the same way."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

_BLOCK = 1 << 18
_PIECE, _OVERLAP = 1 << 24, 1 << 16  # bytes of a decompressed file looked at together
_TRAILER = 8  # bytes at the end of a gzip file; without them it is one that stops early


@contextmanager
def open_plain(path: Path, mode: str) -> Iterator[IO[bytes]]:
    """The plain bytes of a raw file; what is written has no time stamp in it."""
    if path.suffix == ".zst":
        stream = pa.CompressedInputStream if mode == "rb" else pa.CompressedOutputStream
        with stream(str(path), "zstd") as file:
            yield cast(IO[bytes], io.BufferedReader(file) if mode == "rb" else file)
    elif path.suffix == ".gz":
        with path.open(mode) as raw, gzip.GzipFile("", mode, fileobj=cast(Any, raw), mtime=0) as file:
            yield cast(IO[bytes], file)
    else:
        with path.open(mode) as file:
            yield cast(IO[bytes], file)


class Plain:
    """The plain bytes of a file to where it can be read.

    Attributes:
        early: whether it stops before its end, like a file that was not copied whole.
        damaged: what else is wrong with it.
    """

    def __init__(self, path: Path) -> None:
        self._path, self.early = path, False
        self.damaged: Exception | None = None

    def blocks(self) -> Iterator[bytes]:
        """The bytes. Raises OSError when the disk cannot be read."""
        with open_plain(self._path, "rb") as file:
            try:
                while block := cast(io.BufferedReader, file).read1(_BLOCK):
                    yield block
            except EOFError:
                self.early = True
            except (OSError, zlib.error) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise
                self.damaged = error

    def copy_to(self, out: Path) -> None:
        """Makes ``out``, a copy of the content, stop early if this did. Raises ValueError when this is damaged."""
        if self.damaged:
            raise ValueError(f"{self._path.name}: {self.damaged}")
        if self.early:
            with out.open("r+b") as file:
                file.truncate(out.stat().st_size - _TRAILER)


class Stream(io.RawIOBase):
    """Blocks of bytes as a file that is read once."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._ahead = blocks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """At most one block; 0 at the end."""
        while not self._ahead:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._ahead = memoryview(block)
        size = min(len(buffer), len(self._ahead))
        buffer[:size], self._ahead = self._ahead[:size], self._ahead[size:]
        return size


def unpack(path: Path) -> Iterator[bytes]:
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
