"""Raw files as lines of text: plain, gzip or Zstandard, UTF-8 or what ``encoding`` is certain of.

Damage costs only what is missing: a log whose writer was killed has a torn last line, a file that was
not copied to its end stops early, a disk that was full leaves NUL bytes. Each becomes a ``Problem`` that
says where and what to do; only a disk that cannot be read is an exception. UTF-16 and UTF-32 are known by
their byte order mark, or by the source's ``encoding``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from data.channels.params import Source
from data.channels.reading.encoding import Decoder, Undecodable
from data.channels.reading.raw_bytes import Piece, pieces, wide

LONGEST_LINE = 16 * 1024 * 1024  # bytes; longer is not a conversation, and would not fit in memory twice
SHOWN = 8192  # bytes or characters of what cannot be read
logger = logging.getLogger(__name__)


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


class OwnedRow(NamedTuple):
    """A row of a session that several customers share; ``customer`` is a pseudonym, "" where the row names nobody."""

    file: str
    line: int
    raw: str
    customer: str


class Problem(NamedTuple):
    """A record that cannot be read, and why.

    Attributes:
        raw: what stood there, not yet redacted.
        session: its name, and ``rows`` whose each row is, when several customers share it.
    """

    file: str
    line: int
    reason: str
    raw: str
    session: str = ""
    rows: tuple[OwnedRow, ...] = ()


class TextFile:
    """One raw file of a source. ``name`` is what problems call it."""

    def __init__(self, path: Path, inputs: Inputs) -> None:
        self.path, self.name, self._inputs = path, path.name, inputs
        self._wide = wide(path, inputs.source.encoding)
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
        return pieces(self.path, self._wide, size, by_line=True)

    def blocks(self, size: int) -> Iterator[Piece]:
        """The file in pieces of about ``size`` that end anywhere, and do not know their lines."""
        return pieces(self.path, self._wide, size, by_line=False)

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
