"""A raw file without some of its lines, or without some elements of the array that it is.

Compression and encoding stay. Lines are copied as bytes, so damage elsewhere stays what it was. An array
is held in memory whole.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from data.channels.encoding import Undecodable
from data.channels.files import TextFile

Drop = Callable[[int, str], bool]  # number of a line, its text


@contextmanager
def opened(path: Path, mode: str) -> Iterator[IO[bytes]]:
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


def _lines(file: TextFile, wide: str | None) -> Iterator[tuple[bytes, str]]:
    """Every line: its bytes as they stand there, and its text."""
    with opened(file.path, "rb") as source:
        if wide:
            start = "" if wide.endswith(("le", "be")) else "\ufeff"  # the mark that told the order of bytes
            for text in io.TextIOWrapper(source, wide, newline="\n"):
                yield (start + text).encode(_marked(wide)), text
                start = ""
            return
        for number, raw in enumerate(iter(source.readline, b"")):
            try:
                text = file.decode(raw if number else raw.removeprefix(b"\xef\xbb\xbf"))
            except Undecodable:
                text = raw.decode(errors="replace")
            yield raw, text


def _marked(wide: str) -> str:
    """The encoding that adds no byte order mark of its own."""
    return wide if wide.endswith(("le", "be")) else f"{wide}-le"


def without_lines(file: TextFile, wide: str | None, out: Path, drop: Drop) -> int:
    """Copies all lines but those that ``drop`` names; returns how many it left out.

    Raises EOFError when the file is cut off and would have to be written anew.
    """
    lost = 0
    with opened(out, "wb") as target:
        try:
            for number, (raw, text) in enumerate(_lines(file, wide), 1):
                if drop(number, text.strip("\r\n")):
                    lost += 1
                else:
                    target.write(raw)
        except EOFError:
            if lost:
                raise
    return lost


def is_array(file: TextFile) -> bool:
    """The file's first character that means something is a bracket."""
    for piece in file.pieces(1 << 16):
        if start := piece.raw.strip():
            return start.startswith(b"[")
    return False


def without_elements(file: TextFile, encoding: str, out: Path, drop: set[str]) -> int:
    """Copies an array but for the elements whose text is in ``drop``; returns how many it left out.

    Raises Undecodable when the file is not text throughout.
    """
    text = "".join(file.decode(piece.raw) for piece in file.pieces())
    lost = 0
    for element in sorted(drop, key=len, reverse=True):
        while (start := text.find(element)) >= 0:
            text = _cut(text, start, start + len(element))
            lost += 1
    with opened(out, "wb") as target:
        target.write(text.encode(encoding))
    return lost


def _cut(text: str, start: int, end: int) -> str:
    """The text without an element and the comma that belonged to it."""
    after = text[end:].lstrip()
    if after.startswith(","):
        return text[:start] + after[1:].lstrip()
    before = text[:start].rstrip()
    return before.removesuffix(",") + text[end:]
