"""``dvc repro``, and what the gate said; before it, what a kill of DVC can leave is mended: torn files of its own.

DVC writes dvc.lock in place. Without it nothing is lost: DVC finds what it ran in its run cache, by the
hashes of the inputs, and reruns only what is not there. Its table of who reads and writes what, ``.dvc/tmp/rwlock``,
is empty when nobody runs; torn, it stops every command of DVC, so no running one can depend on it.

    python -m pipelines.commands.repro
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import yaml
from voluptuous import Invalid

from kefu.errors import KefuError
from kefu.io import read_json
from kefu.locks import shared_lock
from kefu.paths import PROMOTION, ROOT
from pipelines.commands.errors import explain_errors
from pipelines.inputs import INPUTS, make_inputs_ready, version_file
from pipelines.params import load_params

REFUSED = 3  # exit code of a loop that ran to its end, and whose gate refused the release


class CannotStart(KefuError, RuntimeError):
    """DVC would not begin the loop; the message says why."""


def _is_whole(lock: Path) -> bool:
    """Whether DVC would take it, and every entry has a size; a torn file ends in the middle of an entry."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA  # imported where there is a lock to look at

    try:
        content = yaml.safe_load(lock.read_text(encoding="utf8"))
        COMPILED_LOCKFILE_SCHEMA(content)
        stages = content["stages"].values()
        entries = [entry for stage in stages for kind in ("deps", "outs") for entry in stage.get(kind, ())]
        return all(entry["size"] is not None for entry in entries)
    except (yaml.YAMLError, Invalid, UnicodeDecodeError, AttributeError, KeyError, TypeError):
        return False


def mend_lock(lock: Path) -> bool:
    """Sets a torn dvc.lock aside as ``dvc.lock.torn``; returns whether it did."""
    if not lock.exists() or _is_whole(lock):
        return False
    lock.replace(lock.with_name("dvc.lock.torn"))
    print("dvc.lock was cut short by a kill: set aside as dvc.lock.torn; DVC takes what it ran from its run cache")
    return True


def mend_rwlock(lock: Path) -> bool:
    """Sets a torn .dvc/tmp/rwlock aside as ``rwlock.torn``; returns whether it did."""
    if not _is_torn(lock):
        return False
    time.sleep(0.5)  # a DVC that runs may be writing it
    if not _is_torn(lock):
        return False
    lock.replace(lock.with_name("rwlock.torn"))
    print(f"{lock} was cut short by a kill: set aside as rwlock.torn")
    return True


def _is_torn(lock: Path) -> bool:
    if not lock.exists():
        return False
    from dvc.rwlock import SCHEMA  # as above

    try:
        SCHEMA(json.loads(lock.read_bytes()))
    except FileNotFoundError:
        return False
    except (ValueError, Invalid):
        return True
    return False


def environment() -> dict[str, str]:
    """This process's environment for DVC: stages say `python`, which has to be the interpreter that runs here.

    Under cron, or in a shell without the venv, the first `python` on PATH is the system's.
    """
    folder = Path(sys.executable).parent  # not resolved: a venv's python is a link to one that lacks its packages
    if not (folder / "python").exists():
        raise CannotStart(f"{folder}: there is no `python` to run the stages with: link it to {sys.executable}")
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def _dvc(*command: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "dvc", *command]
    return subprocess.run(call, cwd=ROOT, env=environment(), capture_output=quiet, text=True, check=False)


def check_start() -> None:
    """Asks DVC, without running anything, whether it would begin: parameters, dvc.yaml, locks, inputs.

    Raises CannotStart with what DVC said, ParamsError, NotPulled, Busy while `kefu forget` runs.
    """
    with shared_lock():
        pass  # DVC would say of its lock only that somebody has it
    load_params()
    mend_lock(ROOT / "dvc.lock")
    mend_rwlock(ROOT / ".dvc/tmp/rwlock")
    make_inputs_ready()
    asked = _dvc("repro", "--dry", quiet=True)
    if asked.returncode:
        raise CannotStart(f"The loop cannot start: {asked.stderr.strip() or asked.stdout.strip()}")


def version_inputs() -> None:
    """Lets DVC keep the versions of raw days, reviews and frozen sets; `dvc repro` takes in what is new from then on.

    Raises CannotStart with what DVC said.
    """
    if new := [str(folder.relative_to(ROOT)) for folder in INPUTS if not version_file(folder).exists()]:
        added = _dvc("add", "--quiet", *new, quiet=True)
        if added.returncode:
            raise CannotStart(f"dvc add {' '.join(new)}: {added.stderr.strip()}")
        print(f"versioned by DVC from now on: {', '.join(new)} (docs/guides/team.md)")


def repro() -> int:
    """Runs the loop; returns DVC's exit code, or ``REFUSED``.

    Raises CannotStart, NotPulled, Busy while `kefu forget` runs.
    """
    with shared_lock():
        pass  # as above
    mend_lock(ROOT / "dvc.lock")
    mend_rwlock(ROOT / ".dvc/tmp/rwlock")
    make_inputs_ready()
    return _dvc("repro").returncode or tell_verdict()


def tell_verdict() -> int:
    """Prints the gate's verdict on the present release in one line; returns 0, or ``REFUSED``."""
    if not PROMOTION.exists():  # a loop without the stage
        return 0
    promotion = read_json(PROMOTION)
    if promotion["verdict"] == "pass":
        print(f"gate: passed, as version {promotion['version']}")
        return 0
    missed = "; ".join(
        f"{row['what']} {row['value']:.4g}, not {row['bound']}" for row in promotion["rows"] if row["closes"]
    )
    print(f"gate: refused, the champion stays: {missed}. See store/evaluation/report.html")
    return REFUSED


if __name__ == "__main__":
    with explain_errors():
        sys.exit(repro())
