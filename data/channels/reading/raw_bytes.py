"""Raw files as pieces of bytes: unpacked, and in UTF-8 where they were UTF-16 or UTF-32.

Those two are known by their byte order mark, or by the source's ``encoding``; their lines cannot be told
apart before they are decoded. A packed file that stops early or is damaged gives what comes before.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import pyarrow as pa

_BOM = b"\xef\xbb\xbf"
_BOMS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class Piece(NamedTuple):
    """Bytes of a line from its start or, when it was longer than the size asked for, from further on."""

    line: int
    raw: bytes
    starts: bool
    damage: str | None = None


def _open(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path))
    if path.suffix == ".zst":
        return io.BufferedReader(pa.CompressedInputStream(str(path), "zstd"))
    return path.open("rb")


def wide(path: Path, declared: str | None) -> str | None:
    """UTF-16 or UTF-32, whose lines cannot be told apart before they are decoded; else None."""
    try:
        with _open(path) as file:
            start = file.read(4)
    except (EOFError, OSError, zlib.error):
        return None  # reading it says what is wrong
    marked = next((name for mark, name in _BOMS.items() if start.startswith(mark)), None)
    name = marked or (declared or "").lower().replace("_", "-")
    return name if name.startswith(("utf-16", "utf-32")) else None


def _reader(file: BinaryIO, wide: str | None, by_line: bool) -> Callable[[int], bytes]:
    if not wide:
        return file.readline if by_line else file.read1  # type: ignore[attr-defined, no-any-return]
    text = io.TextIOWrapper(file, wide, newline="\n")
    read = text.readline if by_line else text.read
    return lambda size: read(size).encode()


def pieces(path: Path, wide: str | None, size: int, by_line: bool) -> Iterator[Piece]:
    """The file in pieces of at most ``size``, or about that when not by line; damage comes last, as a piece of its own.

    Args:
        wide: as ``wide`` found it; such text comes as UTF-8.
    """
    number, starts = 1, True
    with _open(path) as file:
        read = _reader(file, wide, by_line)
        try:
            while raw := read(size):
                yield Piece(number, raw.removeprefix(_BOM) if number == 1 and starts else raw, starts)
                starts = raw.endswith(b"\n")
                number += starts
        except UnicodeDecodeError as error:
            yield Piece(number, b"", True, f"the file is not {wide} from here on: {error.reason}; copy it again")
        except (EOFError, OSError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's fault, not the file's
            kind = "gzip" if path.suffix == ".gz" else "zst"
            yield Piece(number, b"", True, f"{kind} file is damaged from here on: {error}; copy it again")
