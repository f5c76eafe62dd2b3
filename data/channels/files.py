"""Raw files as lines of text: UTF-8 with or without BOM, plain or gzip.

A file in another encoding is not guessed at: all its lines are problems that say what to do. Two
kinds of damage are told apart from that, because they happen every day: the last line of a log whose
writer was killed, and a gzip file that was not copied to its end. Both cost only what is missing.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from kefu.params import Source

LONGEST_LINE = 16 * 1024 * 1024  # bytes; longer is no conversation, and would not fit in memory twice
_BOM = b"\xef\xbb\xbf"


@dataclass
class Inputs:
    """What a channel gets: a source's files of one day, and how they are to be read.

    Attributes:
        encodings: filled while reading: name of a file → what it was read as, where that was not UTF-8.
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


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes, str | None]]:
    """Number, bytes and, for a line that is cut off or too long, the reason."""
    number = 0
    with _open(path) as file:
        try:
            while raw := file.readline(LONGEST_LINE):
                number += 1
                if len(raw) < LONGEST_LINE or raw.endswith(b"\n"):
                    yield number, raw.removeprefix(_BOM) if number == 1 else raw, None
                    continue
                size = len(raw)
                while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    size += len(rest)
                yield number, raw[:8192], f"line has {size + len(rest):,} bytes, more than {LONGEST_LINE:,}"
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            yield number + 1, b"", f"gzip file is damaged from here on: {error}; copy it again"


def _foreign(path: Path) -> str | None:
    """Why a file is not UTF-8, or None. A torn last line does not count."""
    for number, raw, broken in _raw_lines(path):
        try:
            if not broken:
                raw.decode()
        except UnicodeDecodeError as error:
            if raw.endswith(b"\n"):
                return f"file is not UTF-8 (line {number}: {error.reason}); convert it: iconv -f GB18030 -t UTF-8"
    return None


def lines(path: Path) -> Iterator[Line | Problem]:
    """Lines of a file that are not blank. Damage comes as problems, never as an exception."""
    name, foreign = path.name, _foreign(path)
    for number, raw, broken in _raw_lines(path):
        if reason := foreign or broken:
            if raw.strip() or not foreign:
                yield Problem(name, number, reason, raw.decode(errors="replace").strip())
            continue
        try:
            text = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            yield Problem(name, number, "last line is torn inside a character", raw.decode(errors="replace"))
            continue
        if text and not text.isspace():
            yield Line(name, number, text)
