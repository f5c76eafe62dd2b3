"""A copy of the project in an empty folder, to run the loop in without touching the one it was copied from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from kefu.io import write_text
from kefu.paths import ROOT


def environment(*programs: Path) -> dict[str, str]:
    """Programs of these folders first, then this interpreter's tools; no tracking server of somebody else's.

    Bytecode may be kept in the copy: each stage is a process, and would compile the project again.
    """
    dropped = {"MLFLOW_TRACKING_URI", "PYTHONDONTWRITEBYTECODE"}
    own = {key: value for key, value in os.environ.items() if key not in dropped}
    return own | {"PATH": ":".join(map(str, [*programs, Path(sys.executable).parent, os.environ["PATH"]]))}


def copy_project(work: Path) -> None:
    """Copies every file that git tracks or would track, and makes the copy a repository of its own."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        if (ROOT / name).is_file() and name != "dvc.lock":
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, work / name)
    write_text(work / "store/champion.json", '{"content_hash": null, "version": null}\n')
    subprocess.run(["git", "init", "-q"], cwd=work, check=True)


def edit_params(work: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrites the copy's params.yaml with ``change`` applied to it."""
    params = yaml.safe_load((work / "params.yaml").read_text(encoding="utf8"))
    change(params)
    write_text(work / "params.yaml", yaml.safe_dump(params, allow_unicode=True, sort_keys=False))


def run(work: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs a command in the copy; its output is shown as it comes unless the caller wants it."""
    return subprocess.run(command, cwd=work, env=environment(), check=check, text=True)
