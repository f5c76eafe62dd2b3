"""Either the loop works on the data, or `kefu forget` does: otherwise a stage writes back what it had read.

Stages, by DVC or by hand, share a lock (``shared_lock``); forgetting has it alone, and DVC's own lock, too
(``exclusive_lock``). The kernel holds both, so a process that is killed blocks nobody. While a stage runs DVC has let
go of its lock and keeps a list of processes instead (``rwlock``): those that are alive count.

Not covered: experiments that DVC runs on a copy of the project (`dvc exp run --queue`, `--temp`); and on other
systems than Linux a message does not say which process it is.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import IO

from kefu.errors import KefuError
from kefu.paths import ROOT

DVC = ROOT / ".dvc"
_OURS, _DVCS, _LIST = "tmp/kefu.lock", "tmp/lock", "tmp/rwlock"


class Busy(KefuError, RuntimeError):
    """Somebody else works on the data; the message says who, and what to do."""


@contextmanager
def shared_lock(dvc: Path | None = None) -> Iterator[None]:
    """Keeps `kefu forget` out while the block runs; any number of processes may. Raises Busy."""
    dvc = dvc or DVC
    with _locked(dvc, _OURS, fcntl.LOCK_SH) as held:
        if not held:
            raise Busy(f"kefu forget is running{_who(dvc / _OURS)}: run this again when it has ended")
        yield


@contextmanager
def exclusive_lock(dvc: Path | None = None) -> Iterator[None]:
    """Keeps the loop, single stages and DVC out while the block runs. Raises Busy while one of them runs."""
    dvc = dvc or DVC
    with _locked(dvc, _DVCS, fcntl.LOCK_EX) as no_dvc, _locked(dvc, _OURS, fcntl.LOCK_EX) as no_stage:
        who = "" if no_dvc else _who(dvc / _DVCS)
        who = who or ("" if no_stage else _who(dvc / _OURS)) or _shown(_listed(dvc / _LIST))
        if who or not no_dvc or not no_stage:
            raise Busy(
                f"The loop or a stage of it is running{who}, and would write back what it has read. "
                "Nothing was changed: run this again when it has ended"
            )
        yield


@contextmanager
def _locked(dvc: Path, name: str, how: int) -> Iterator[bool]:
    """Whether a lock was taken; a project without DVC has none to take."""
    if not dvc.is_dir():
        yield True
        return
    path = dvc / name
    path.parent.mkdir(exist_ok=True)
    with path.open("a+") as file:
        yield _take(file, how)


def _take(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _who(lock: Path) -> str:
    """Who has a lock, by the kernel's list."""
    try:
        rows = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return ""
    inode = str(lock.stat().st_ino)
    return _shown({int(row[4]) for row in rows if row[1] == "FLOCK" and row[5].rsplit(":", 1)[-1] == inode})


def _listed(path: Path) -> set[int]:
    """Processes of DVC that run a stage now."""
    try:
        lists = json.loads(path.read_text())
        entries = [*lists.get("write", {}).values(), *(one for some in lists.get("read", {}).values() for one in some)]
        pids = {int(entry["pid"]) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()  # none, or torn: a running DVC would have written it
    return {pid for pid in pids if "dvc" in _command(pid)}


def _command(pid: int) -> str:
    """What a process was started as, without options: they may name a person. "" when it is gone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")[1:]
    except OSError:
        return ""
    plain = list(takewhile(lambda word: not word.startswith("-"), (word for word in words if word and word != "-m")))
    return " ".join([Path(plain[0]).name, *plain[1:2]]) if plain else "python"


def _shown(pids: Iterable[int]) -> str:
    found = [f"{_command(pid) or 'unknown'}, process {pid}" for pid in sorted(pids)]
    return f" ({'; '.join(found)})" if found else ""
