"""A disk that is full: which day, how much is free, and that running again is all there is to do.

It may be the store's or that of TMPDIR, through which large days go (``data/channels/reading``): both are told.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kefu.errors import KefuError


class NoRoom(KefuError, RuntimeError):
    """A partition cannot be written; the message says where and what to do."""


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Raises NoRoom where the block has no room to write ``folder``; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in (None, errno.ENOSPC, errno.EDQUOT, errno.EFBIG):  # numpy's short write has none
            raise
        free, temporary = (shutil.disk_usage(at).free / 1e6 for at in (folder.parent, tempfile.gettempdir()))
        raise NoRoom(
            f"{folder}: cannot be written, {free:,.1f} MB are free there and {temporary:,.1f} MB in "
            f"{tempfile.gettempdir()} (TMPDIR): {error}. Make room and run again: "
            "the days before it are done, and nothing of this one is left behind"
        ) from error
