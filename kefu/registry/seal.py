"""A release folder: everything serving loads, sealed by a manifest.

The artefact that was evaluated has to be the artefact that is served. ``seal`` writes the SHA-256 of
every file into ``manifest.json``; ``verify`` proves at start-up that nothing changed since. A file that
is missing, added or altered by one bit stops the start with its name.

A manifest inside the folder cannot vouch for itself: who changes a file can change it too. So the
registry keeps the content hash, and serving passes it as ``expected``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from kefu.errors import KefuError
from kefu.io import combined_hash, file_hashes, write_text
from kefu.schema import Record

MANIFEST = "manifest.json"
GENERAL = "general.json"  # {"kl": how far fine-tuning moved the centre model from its base}; export may not ask
REMEDY = "run `dvc repro -f -s export` and evaluate it, or `kefu rollback`"


class TamperedRelease(KefuError, ValueError):
    """A release is not what was sealed; the message names the files and what is wrong with them."""


class BaseModelRef(Record):
    """The base model that an adapter or student was made from."""

    name: str
    revision: str | None
    content_hash: str


class Manifest(Record):
    """What a release is made of. ``content_hash`` is its identity: equal files, equal hash."""

    profile: str
    base: dict[str, BaseModelRef] = Field(description="'centre' and 'edge'")
    content_hash: str
    files: dict[str, str] = Field(description="relative name → SHA-256")
    git_commit: str | None = Field(description="commit that built it; not part of the content hash")
    taught: dict[str, int] = Field(
        {}, description="what the centre model was taught, 'answers' or 'acts' → rows; not part of the content hash"
    )


def seal(
    folder: Path,
    profile: str,
    base: Mapping[str, BaseModelRef],
    git_commit: str | None,
    taught: Mapping[str, int] | None = None,
) -> Manifest:
    """Writes ``manifest.json`` over all files of ``folder`` and returns it."""
    files = file_hashes(folder, frozenset({MANIFEST}))
    manifest = Manifest(
        profile=profile,
        base=dict(base),
        content_hash=combined_hash(files),
        files=files,
        git_commit=git_commit,
        taught=dict(taught or {}),
    )
    write_text(folder / MANIFEST, manifest.model_dump_json(indent=2) + "\n")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest as it stands, unverified. Raises TamperedRelease when it is missing or unreadable."""
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise TamperedRelease(f"{path} is missing: not a release. `dvc repro export` makes one") from error
    except ValidationError as error:
        raise TamperedRelease(f"{path} is not a manifest: {error}") from error


def verify(folder: Path, expected: str | None = None, without: frozenset[str] = frozenset()) -> Manifest:
    """Hashes every file again. Raises TamperedRelease naming each file that is not as sealed.

    Args:
        expected: content hash from a place that who changed the folder cannot reach (the registry).
        without: parts of the release, such as 'centre', that the caller does not load and need not be hashed.
    """
    manifest = read_manifest(folder)
    found = file_hashes(folder, frozenset({MANIFEST}), without)
    sealed = {name: value for name, value in manifest.files.items() if name.partition("/")[0] not in without}
    names = sorted(sealed.keys() | found.keys())
    wrong = [_what(sealed, found, name) for name in names if sealed.get(name) != found.get(name)]
    if wrong:
        raise TamperedRelease(f"{folder}: not what was sealed: {'; '.join(wrong)}: {REMEDY}")
    if combined_hash(manifest.files) != manifest.content_hash:
        raise TamperedRelease(f"{folder / MANIFEST}: content_hash does not belong to the files it lists: {REMEDY}")
    if expected is not None and manifest.content_hash != expected:
        raise TamperedRelease(
            f"{folder}: content hash {manifest.content_hash}, but the registry says {expected}: {REMEDY}"
        )
    return manifest


def _what(sealed: Mapping[str, str], found: Mapping[str, str], name: str) -> str:
    if name not in found:
        return f"{name} is missing"
    return f"{name} was added" if name not in sealed else f"{name} was changed"
