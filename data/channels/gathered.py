"""Lines of one session brought together over a day, by way of the disk when the day is large.

A day of a million sessions does not fit in memory. Its lines go into files by a hash of their session,
each small enough, and one file after another is gathered. The files have no name, so that a run that is
killed leaves nobody's words behind. Sessions come in order of their first lines, within each file.
"""

from __future__ import annotations

import marshal
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from data.channels.files import Line

PART = 32_000_000  # bytes of raw text that are gathered in memory at once
_MOST = 256  # open files
_PACKED = 8  # times that a compressed file grows, about


def parts(files: Sequence[Path]) -> int:
    """How many parts a day's files need."""
    size = sum(file.stat().st_size * (_PACKED if file.suffix in (".gz", ".zst") else 1) for file in files)
    return min(1 + size // PART, _MOST)


def _sessions(lines: Iterable[tuple[str, Line]]) -> Iterator[tuple[str, list[Line]]]:
    sessions: dict[str, list[Line]] = {}
    for session, line in lines:
        sessions.setdefault(session, []).append(line)
    yield from sessions.items()


class Gathered:
    """Takes lines, then gives each session's. Use as a context.

    Args:
        parts: files to spread lines over; with one, they stay in memory.
    """

    def __init__(self, parts: int) -> None:
        self._kept: list[tuple[str, Line]] = []
        self._stack = ExitStack()
        self._files: list[IO[bytes]] = []
        if parts > 1:
            for _ in range(parts):
                file = tempfile.TemporaryFile()  # noqa: SIM115  (the stack closes it)
                self._files.append(self._stack.enter_context(file))

    def __enter__(self) -> Gathered:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, session: str, line: Line) -> None:
        """The next line of a session."""
        if self._files:
            file = self._files[zlib.crc32(session.encode(errors="surrogatepass")) % len(self._files)]
            file.write(marshal.dumps((session, *line)))
        else:
            self._kept.append((session, line))

    def sessions(self) -> Iterator[tuple[str, list[Line]]]:
        """Every session with its lines."""
        if not self._files:
            yield from _sessions(self._kept)
        for file in self._files:
            file.seek(0)
            yield from _sessions(_read(file))


def _read(file: IO[bytes]) -> Iterator[tuple[str, Line]]:
    while file.peek(1):  # type: ignore[attr-defined]  # a buffered file has it
        session, *line = marshal.load(file)  # noqa: S302  (written by ``add`` in this very process)
        yield session, Line(*line)
