"""Runs a real Label Studio server on this machine: SQLite, one user, bound to the loopback address.

It lives in its own venv (`make review` makes it) because its Django stack pins versions that Kefu does
not want. Its password and API token derive from KEFU_SECRET, or without one from a random key beside its data
(``server_key``). A team runs its own server and sets LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY instead.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from kefu.errors import KefuError
from kefu.io import private_dir, write_text
from kefu.paths import ROOT
from kefu.privacy.pseudonyms import is_development, secret

logger = logging.getLogger(__name__)

VENV = ROOT / ".venv/label-studio"
USER = "reviewer@kefu.local"
START_SECONDS = 600  # the first start migrates an empty database: half a minute, more on a busy machine
# No telemetry, no update check, no crash reports, and nobody signs up unasked.
QUIET = {
    "COLLECT_ANALYTICS": "false",
    "DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "FRONTEND_SENTRY_DSN": "",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    "LATEST_VERSION_CHECK": "false",
    "SENTRY_DSN": "",
    "TZ": "UTC",  # bulk actions date tasks by the local clock and take it for UTC
}


class ServerNotStarted(KefuError, RuntimeError):
    """Label Studio did not come up; the message says why and where its log is."""


@dataclass(frozen=True)
class LocalServer:
    """Where the server is and how to sign in."""

    url: str
    user: str
    password: str
    token: str


def is_installed() -> bool:
    return (VENV / "bin/label-studio").exists()


def has_started(folder: Path) -> bool:
    """Whether a server has made its database in ``folder``, so that its password was shown."""
    return any(folder.glob("*.sqlite3"))


def server_key(folder: Path) -> bytes:
    """The key that password and token derive from: KEFU_SECRET, or a random one that is kept in ``folder`` (0600).

    Not the development key: it is public, so whoever has Kefu's source could sign in. A server that was made under it
    keeps it, with a warning, as its reviews would be lost otherwise.
    """
    if not is_development():
        return secret()
    kept = private_dir(folder) / "key"
    if not kept.exists():
        if has_started(folder):
            logger.warning(
                "%s was made under a KEFU_SECRET that is not set here: set it. If it was made by an older Kefu without "
                "one, its key is public and everybody on this machine can sign in: run `kefu review pull`, then move "
                "the folder away and start again",
                folder,
            )
            return secret()
        write_text(kept, secrets.token_hex(32), private=True)
    return kept.read_bytes()


def _derived(key: bytes, purpose: str) -> str:
    return hmac.new(key, f"label-studio {purpose}".encode(), hashlib.sha256).hexdigest()


def credentials(url: str, key: bytes) -> LocalServer:
    """Password (20 hex digits) and legacy API token (40 hex digits) that belong to ``key``."""
    return LocalServer(url, USER, _derived(key, "password")[:20], _derived(key, "token")[:40])


def _command(server: LocalServer, folder: Path, port: int) -> list[str]:
    return [
        *(str(VENV / "bin/label-studio"), "start", "--no-browser", "--log-level", "WARNING"),
        *("--data-dir", str(folder), "--internal-host", "127.0.0.1", "--port", str(port)),
        *("--username", server.user, "--enable-legacy-api-token"),
    ]


def _environment(server: LocalServer, folder: Path) -> dict[str, str]:
    # Through the environment: a command line is there for every user of the machine to read.
    signing_in = {"LABEL_STUDIO_PASSWORD": server.password, "LABEL_STUDIO_USER_TOKEN": server.token}
    # The data folder too: otherwise importing Label Studio makes one in the user's home.
    return {**os.environ, **QUIET, **signing_in, "LABEL_STUDIO_BASE_DATA_DIR": str(folder)}


def _must_be_free(port: int) -> None:
    # Label Studio would quietly take the next port, and we would talk to whoever has this one.
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise ServerNotStarted(f"Port {port} is taken; stop what listens there or choose another with --port")


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerNotStarted(f"Label Studio stopped with code {process.returncode}; its log: {log}")
        try:
            if httpx.get(f"{url}/health", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.5)
    raise ServerNotStarted(
        f"Label Studio was not healthy after {START_SECONDS} s: start it again, it goes on where it was; its log: {log}"
    )


@contextmanager
def running(folder: Path, port: int, key: bytes) -> Iterator[LocalServer]:
    """Starts the server on ``folder`` and stops it when the block ends.

    Raises ServerNotStarted when the venv is missing, the port is taken, or it does not become healthy.
    """
    if not is_installed():
        raise ServerNotStarted(f"{VENV} is missing: `make review` installs Label Studio there")
    server = credentials(f"http://127.0.0.1:{port}", key)
    _must_be_free(port)
    private_dir(folder)
    log = folder / "server.log"
    with log.open("wb") as output:
        command, environment = _command(server, folder, port), _environment(server, folder)
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait(process, server.url, log)
            yield server
        finally:
            process.terminate()
            process.wait()
