"""Gathers the parts of a release: everything serving loads, and nothing else.

The pack travels with the models, because a flow or an FAQ entry that changed after the evaluation would
make the served system another one than the evaluated. So does its demo database, which serving's tools are
played against; the sample templates stay behind.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from kefu.errors import KefuError

PACK_FILES = {".csv", ".md", ".sql", ".yaml", ".yml"}
NOT_SERVED = {"sample"}


class IncompleteRelease(KefuError, FileNotFoundError):
    """A part of the release is missing; the message names the stage that writes it."""


def gather(parts: Mapping[str, Path], pack: Path, release: Path) -> None:
    """Copies each part's folder to ``release/<name>``, and the pack's texts to ``release/pack``.

    Args:
        parts: name in the release → folder in the store.
    """
    for name, folder in parts.items():
        if not folder.is_dir():
            raise IncompleteRelease(f"{folder} is missing: run `dvc repro {folder.name}` first")
        shutil.copytree(folder, release / name)
    for path in sorted(pack.rglob("*")):
        relative = path.relative_to(pack)
        if path.suffix in PACK_FILES and relative.parts[0] not in NOT_SERVED:
            (release / "pack" / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, release / "pack" / relative)
