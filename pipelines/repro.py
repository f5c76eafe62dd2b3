"""``dvc repro``, after mending what a kill of DVC itself can leave behind: a half-written dvc.lock.

DVC writes that file in place. Without it nothing is lost: DVC finds what it ran in its run cache, by the
hashes of the inputs, and reruns only what is not there.

    python -m pipelines.repro
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from kefu.paths import ROOT
from pipelines.busy import ending_when_busy


def _is_whole(lock: Path) -> bool:
    """Whether every entry has what DVC asks of it; a torn file ends in the middle of one."""
    try:
        stages = yaml.safe_load(lock.read_text(encoding="utf8"))["stages"].values()
        entries = [entry for stage in stages for kind in ("deps", "outs") for entry in stage.get(kind, ())]
        return all(isinstance(entry["path"], str) and entry["size"] is not None for entry in entries)
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, KeyError, TypeError):
        return False


def mend_lock(lock: Path) -> bool:
    """Sets a torn dvc.lock aside as ``dvc.lock.torn``; returns whether it did."""
    if not lock.exists() or _is_whole(lock):
        return False
    lock.replace(lock.with_name("dvc.lock.torn"))
    print("dvc.lock was cut short by a kill: set aside as dvc.lock.torn; DVC takes what it ran from its run cache")
    return True


def repro() -> int:
    """Runs the loop; returns DVC's exit code. Ends the process with a message while `kefu forget` runs."""
    with ending_when_busy():
        pass  # DVC would say of its lock only that somebody has it
    mend_lock(ROOT / "dvc.lock")
    return subprocess.run([sys.executable, "-m", "dvc", "repro"], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(repro())
