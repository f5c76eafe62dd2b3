"""Ends what a process leaves behind when it is killed: programs that it started would go on for ever, and hold ports.

A small shell waits for the process's end and then ends all programs whose command line names a private folder of its.
It needs Linux and GNU's tail; elsewhere it ends at once, and nothing is watched.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

# Arguments: process, folder. A process that has ended and whose parent has not asked for it counts as alive.
SCRIPT = """
tail --pid="$0" -s 0.2 -f /dev/null || exit
for process in /proc/[0-9]*; do
    id=${process#/proc/}
    [ "$id" != $$ ] && grep -qaF -e "$1" "$process/cmdline" && kill "$id"
done
rm -rf "$1"
"""


class OrphanGuard:
    """Ends programs that name a folder, and removes it, when this process was killed.

    Args:
        folder: of a name that is in no other command line.
    """

    def __init__(self, folder: Path) -> None:
        self._shell = subprocess.Popen(
            ["sh", "-c", SCRIPT, str(os.getpid()), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the process that is watched
        )

    def close(self) -> None:
        """Watches no longer: the caller has ended and removed all."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait()
