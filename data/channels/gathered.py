"""Lines of one session brought together over a day, by way of the disk when the day is large.

A day of a million sessions does not fit in memory. What its lines say goes into files by a hash of their
session, each small enough, and one file after another is gathered. In memory too a line stays packed until
its session is complete: 40 bytes more than its text, not 600. The files lie in TMPDIR and have no name, so
that a run that is killed leaves nobody's words behind. Sessions come in order of their first lines, within
each file.
"""

from __future__ import annotations

import marshal
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

PART = 32_000_000  # bytes of raw text that are gathered in memory at once
_MOST = 256  # open files
_PACKED = 20  # times that a compressed file grows, at most about: chats 5 to 10, tables more


def parts(files: Sequence[Path]) -> int:
    """How many parts a day's files need."""
    size = sum(file.stat().st_size * (_PACKED if file.suffix in (".gz", ".zst") else 1) for file in files)
    return min(1 + size // PART, _MOST)


class Gathered:
    """Takes lines, then gives each session's. Use as a context.

    Args:
        parts: files to spread lines over; with one, they stay in memory.
    """

    def __init__(self, parts: int) -> None:
        self._kept: dict[str, list[bytes]] = {}
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

    def add(self, session: str, line: tuple[Any, ...]) -> None:
        """What the next line of a session says: strings, numbers and None."""
        packed = marshal.dumps(tuple(line))  # a named tuple it would refuse
        if self._files:
            file = self._files[zlib.crc32(session.encode(errors="surrogatepass")) % len(self._files)]
            file.write(marshal.dumps((session, packed)))
        else:
            self._kept.setdefault(session, []).append(packed)

    def sessions(self) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
        """Every session with its lines, as plain tuples. Once only: they are let go."""
        if not self._files:
            yield from _unpacked(self._kept)
        for file in self._files:
            file.seek(0)
            yield from _unpacked(_grouped(_read(file)))


def _grouped(lines: Iterable[tuple[str, bytes]]) -> dict[str, list[bytes]]:
    sessions: dict[str, list[bytes]] = {}
    for session, packed in lines:
        sessions.setdefault(session, []).append(packed)
    return sessions


def _read(file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    while file.peek(1):  # type: ignore[attr-defined]  # a buffered file has it
        yield marshal.load(file)  # noqa: S302  (written by ``add`` in this very process)


def _unpacked(sessions: dict[str, list[bytes]]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    for session, packed in sessions.items():
        yield session, [marshal.loads(line) for line in packed]  # noqa: S302  (as above)
