"""The loop's inputs that shops and people write: store/raw, store/reviewed, store/frozen.

Once `dvc add` was run on them (`kefu day` does it), DVC keeps their versions in ``store/<name>.dvc``, and each
`dvc repro` takes in what is new or changed (docs/guides/team.md). Files that did not change are not copied again.

What DVC writes has the modes of the umask, so the folders around it are closed to other users (``close_folders``).

    python -m pipelines.inputs    # what a plain `dvc repro` runs first
"""

from __future__ import annotations

from pathlib import Path

from kefu.errors import KefuError
from kefu.paths import FROZEN, RAW, REVIEWED, ROOT
from kefu.yaml_file import read_yaml
from pipelines.commands.errors import explain_errors

INPUTS = (RAW, REVIEWED, FROZEN)


class NotPulled(KefuError, RuntimeError):
    """DVC has data of an input that this clone never fetched; the message says which and how to get them."""


def close_folders(root: Path = ROOT) -> None:
    """Closes what holds conversations to others than this user; a group that somebody let in stays (`chmod 750`)."""
    for folder in (root / "store", root / ".dvc/cache", root / ".dvc/tmp", root / "mlruns"):
        if folder.parent.name == ".dvc" and folder.parent.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_dir() and folder.stat().st_mode & 0o007:
            folder.chmod(0o700)


def version_file(folder: Path) -> Path:
    """Where DVC keeps the version of an input: ``store/raw.dvc`` for ``store/raw``."""
    return folder.with_name(f"{folder.name}.dvc")


def make_inputs_ready() -> None:
    """Makes the folders of a project that has no data yet. Raises NotPulled.

    A repro that found such a folder empty, or with today's log alone, would record that all other days are deleted.
    """
    close_folders()
    for folder in INPUTS:
        version = version_file(folder)
        if not version.exists():
            folder.mkdir(parents=True, exist_ok=True)
        elif not _is_fetched(read_yaml(version)["outs"][0]["md5"]):
            name = version.relative_to(ROOT)
            raise NotPulled(f"{name}: its data were never fetched into this clone: run `dvc pull {name}`")


def _is_fetched(md5: str) -> bool:
    """Whether DVC's cache, wherever it is, has a folder's list of files."""
    from dvc.repo import Repo  # a second to import, and needed in a versioned project only

    with Repo(str(ROOT)) as repo:
        return bool(repo.cache.local.exists(md5))


if __name__ == "__main__":
    with explain_errors():
        make_inputs_ready()
