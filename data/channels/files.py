"""Raw files as lines of text: plain, gzip or Zstandard, UTF-8 or what ``encoding`` is certain of.

Damage costs only what is missing: a log whose writer was killed has a torn last line, a file that was
not copied to its end stops early, a disk that was full leaves NUL bytes. Each becomes a ``Problem`` that
says where and what to do; only a disk that cannot be read is an exception. UTF-16 and UTF-32 are known by
their byte order mark, or by the source's ``encoding``.
"""

from __future__ import annotations

import gzip
import io
import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import pyarrow as pa

from data.channels.encoding import Decoder, Undecodable
from kefu.params import Source

LONGEST_LINE = 16 * 1024 * 1024  # bytes; longer is no conversation, and would not fit in memory twice
SHOWN = 8192  # bytes or characters of what cannot be read
_BOM = b"\xef\xbb\xbf"
_BOMS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
logger = logging.getLogger("kefu")


@dataclass
class Inputs:
    """What a channel gets: a source's files of one day, and how they are to be read.

    Attributes:
        encodings: filled while reading: source/file → what it was read as, where that was not UTF-8.
    """

    files: Sequence[Path]
    source: Source
    encodings: dict[str, str] = field(default_factory=dict)


class Line(NamedTuple):
    """A line of text without its end; ``number`` counts from 1."""

    file: str
    number: int
    text: str


class Problem(NamedTuple):
    """A record that cannot be read, and why; ``raw`` is what stood there, not yet redacted."""

    file: str
    line: int
    reason: str
    raw: str


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


def _wide(path: Path, declared: str | None) -> str | None:
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


def _pieces(path: Path, wide: str | None, size: int, by_line: bool) -> Iterator[Piece]:
    number, starts = 1, True
    with _open(path) as file:
        read = _reader(file, wide, by_line)
        try:
            while raw := read(size):
                yield Piece(number, raw.removeprefix(_BOM) if number == 1 and starts else raw, starts)
                starts = raw.endswith(b"\n")
                number += starts
        except UnicodeDecodeError as error:
            yield Piece(number, b"", True, f"the file is no {wide} from here on: {error.reason}; copy it again")
        except (EOFError, OSError, zlib.error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's fault, not the file's
            kind = "gzip" if path.suffix == ".gz" else "zst"
            yield Piece(number, b"", True, f"{kind} file is damaged from here on: {error}; copy it again")


class TextFile:
    """One raw file of a source. ``name`` is what problems call it."""

    def __init__(self, path: Path, inputs: Inputs) -> None:
        self.path, self.name, self._inputs = path, path.name, inputs
        self._wide = _wide(path, inputs.source.encoding)
        self._decoder = Decoder(inputs.source.encoding, lambda: (piece.raw for piece in self.pieces()))
        self._told = False
        if self._wide:
            self._tell(self._wide)

    def _tell(self, encoding: str) -> None:
        self._told = True
        self._inputs.encodings[f"{self._inputs.source.name}/{self.name}"] = encoding
        logger.warning("%s: %s: what is not UTF-8 is read as %s", self._inputs.source.name, self.name, encoding)

    def pieces(self, size: int = LONGEST_LINE) -> Iterator[Piece]:
        """The file line by line, at most ``size`` at a time; damage comes last, as a piece of its own."""
        return _pieces(self.path, self._wide, size, by_line=True)

    def blocks(self, size: int) -> Iterator[Piece]:
        """The file in pieces of about ``size`` that end anywhere, and do not know their lines."""
        return _pieces(self.path, self._wide, size, by_line=False)

    def decode(self, raw: bytes) -> str:
        """Text of a line, or of a part that ends where a character does. Raises Undecodable."""
        text = self._decoder.text(raw)
        if self._decoder.used and not self._told:
            self._tell(str(self._decoder.other))
        if "\0" in text:
            raise Undecodable("NUL bytes: the disk was full or the machine fell while it was written, or it is UTF-16")
        return text

    def lines(self) -> Iterator[Line | Problem]:
        """All lines; damage comes as problems, never as an exception."""
        stream, ahead = self.pieces(), None
        while piece := ahead or next(stream, None):
            ahead, size = None, len(piece.raw)
            if not piece.raw.endswith(b"\n"):
                while (ahead := next(stream, None)) and not ahead.starts:
                    size += len(ahead.raw)
            yield self._line(piece, size)

    def _line(self, piece: Piece, size: int) -> Line | Problem:
        reason = piece.damage
        if size > len(piece.raw):
            reason = f"line has {size:,} bytes, more than {LONGEST_LINE:,}: no conversation, or line ends are missing"
        if not reason:
            try:
                return Line(self.name, piece.line, self.decode(piece.raw).rstrip("\r\n"))
            except Undecodable as error:
                reason = str(error)
        return self.problem(piece, reason)

    def problem(self, piece: Piece, reason: str) -> Problem:
        """What stands there, as far as it can be shown."""
        return Problem(self.name, piece.line, reason, piece.raw[:SHOWN].decode(errors="replace").strip("\r\n"))


def lines(path: Path, inputs: Inputs) -> Iterator[Line | Problem]:
    """Lines of a file that are not blank."""
    return (
        line
        for line in TextFile(path, inputs).lines()
        if isinstance(line, Problem) or (line.text and not line.text.isspace())
    )
