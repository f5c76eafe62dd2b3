"""A disk that is full: which day, how much is free, and that running again is all there is to do."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoRoom(RuntimeError):
    """A partition cannot be written; the message says where and what to do."""


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Raises NoRoom where the block has no room to write ``folder``; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in (None, errno.ENOSPC, errno.EDQUOT, errno.EFBIG):  # numpy's short write has none
            raise
        free = shutil.disk_usage(folder.parent).free / 1e6
        raise NoRoom(
            f"{folder}: cannot be written, {free:,.1f} MB are free: {error}. Make room and run again: "
            "the days before it are done, and nothing of this one is left behind"
        ) from error
