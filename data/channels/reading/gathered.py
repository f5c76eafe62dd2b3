"""Lines of one session brought together over a day, by way of the disk when the day is large.

A day of a million sessions does not fit in memory. What its lines say goes into files by a hash of their
session, each small enough to be gathered in memory and written back by session; then the files are merged,
so that sessions come in order of their first lines, however many files there were. A line stays packed
until its session is complete: 40 bytes more than its text, not 600. The files lie in TMPDIR and have no
name, so that a run that is killed leaves nobody's words behind.
"""

from __future__ import annotations

import heapq
import marshal
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

PART = 32_000_000  # bytes of raw text that are gathered in memory at once
_MOST = 256  # open files
_PACKED = 20  # times that a compressed file grows, at most about: chats 5 to 10, tables more
_Line = tuple[int, str, bytes]  # its number, session, what it says
_Session = tuple[int, str, list[bytes]]  # the number of its first line, name, what its lines say


def parts(files: Sequence[Path]) -> int:
    """How many parts a day's files need."""
    size = sum(file.stat().st_size * (_PACKED if file.suffix in (".gz", ".zst") else 1) for file in files)
    return min(1 + size // PART, _MOST)


class SessionGatherer:
    """Takes lines, then gives each session's. Use as a context.

    Args:
        parts: files to spread lines over; with one, they stay in memory.
    """

    def __init__(self, parts: int) -> None:
        self._kept: list[_Line] = []
        self._count = 0
        self._stack = ExitStack()
        self._files: list[IO[bytes]] = []
        if parts > 1:
            for _ in range(parts):
                file = tempfile.TemporaryFile()  # noqa: SIM115  (the stack closes it)
                self._files.append(self._stack.enter_context(file))

    def __enter__(self) -> SessionGatherer:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, session: str, line: tuple[Any, ...]) -> None:
        """What the next line of a session says: strings, numbers and None."""
        number, self._count = self._count, self._count + 1
        packed = marshal.dumps(tuple(line))  # a named tuple it would refuse
        if self._files:
            file = self._files[zlib.crc32(session.encode(errors="surrogatepass")) % len(self._files)]
            marshal.dump((number, session, packed), file)
        else:
            self._kept.append((number, session, packed))

    def sessions(self) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
        """Every session with its lines, as plain tuples, in order of their first lines. Once only."""
        for file in self._files:
            _write(file, list(_by_session(_read(file))))
        found: Iterable[_Session] = heapq.merge(*map(_read, self._files), key=itemgetter(0))
        for _, session, packed in found if self._files else _by_session(self._kept):
            yield session, [marshal.loads(line) for line in packed]  # noqa: S302  (written by ``add``)


def _by_session(lines: Iterable[_Line]) -> Iterable[_Session]:
    sessions: dict[str, _Session] = {}
    for number, session, packed in lines:
        sessions.setdefault(session, (number, session, []))[2].append(packed)
    return sessions.values()


def _write(file: IO[bytes], sessions: Iterable[_Session]) -> None:
    """Instead of what the file holds."""
    file.seek(0)
    file.truncate()
    for session in sessions:
        marshal.dump(session, file)


def _read(file: IO[bytes]) -> Iterator[Any]:
    file.seek(0)
    while file.peek(1):  # type: ignore[attr-defined]  # a buffered file has it
        yield marshal.load(file)  # noqa: S302  (written by this very process)
