"""Files that are either whole or not there.

A stage may be killed at any instant, so nothing is written in place: content goes to a temporary
name in the same folder and is renamed when it is complete (rename is atomic on one file system).

Files have the modes that the umask gives, but for what people said: with ``private`` files are 0600 and their folder
0700, whatever the umask.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from kefu.errors import KefuError

R = TypeVar("R", bound=BaseModel)
_SHOWN = 16  # hex digits of a content hash in a folder's name


class BadRecord(KefuError, ValueError):
    """A file holds something that is not the record it should be; the message says where."""


def private_dir(path: Path) -> Path:
    """The folder, made when it is missing, and closed to everybody but this user."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(0o700)
    return path


def _mode(bits: int, private: bool) -> int:
    """What the umask leaves of ``bits``; of private things, only the owner's."""
    umask = os.umask(0o077)
    os.umask(umask)
    return bits & (0o700 if private else ~umask)


@contextmanager
def atomic_path(path: Path, private: bool = False) -> Iterator[Path]:
    """Gives a temporary file name that becomes ``path`` when the block ends without an error."""
    if private:
        private_dir(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(_mode(0o666, private))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_dir(path: Path, private: bool = False) -> Iterator[Path]:
    """Gives an empty temporary folder that replaces ``path`` when the block ends without an error.

    Args:
        private: nobody but this user may read what is in it, whoever wrote it there and how.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield temporary
        for below in temporary.rglob("*") if private else ():
            below.chmod(0o700 if below.is_dir() else 0o600)
        temporary.chmod(_mode(0o777, private))
        if path.exists():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def content_named_dir(parent: Path, name: str, private: bool = False) -> Iterator[Path]:
    """Gives an empty temporary folder that becomes ``parent/<name>.<hash of its content>`` when the block ends."""
    with tempfile.TemporaryDirectory(prefix=".new.", dir=_made(parent)) as scratch:
        filled = Path(scratch, name)
        filled.mkdir()
        yield filled
        with atomic_dir(parent / f"{name}.{content_hash(filled)[:_SHOWN]}", private) as folder:
            for path in sorted(filled.iterdir()):
                path.replace(folder / path.name)


def check_content_name(folder: Path) -> None:
    """Raises BadRecord when a folder of ``content_named_dir`` no longer holds what its name says."""
    if folder.name.rpartition(".")[2] != content_hash(folder)[:_SHOWN]:
        raise BadRecord(
            f"{folder}: its content is not what its name says, so it was changed: put it back from a backup, or remove "
            "the folder"
        )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_text(path: Path, text: str, private: bool = False) -> None:
    with atomic_path(path, private) as temporary:
        temporary.write_text(text, encoding="utf8")


def write_json(path: Path, value: Any, private: bool = False) -> None:
    """Writes JSON with sorted keys, so that equal values are equal bytes."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n", private)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf8"))


def write_jsonl(path: Path, records: Iterable[BaseModel], private: bool = False) -> int:
    """Writes one record a line; returns how many."""
    count = 0
    with atomic_path(path, private) as temporary, temporary.open("w", encoding="utf8") as file:
        for record in records:
            file.write(record.model_dump_json() + "\n")
            count += 1
    return count


def read_jsonl(path: Path, kind: type[R]) -> Iterator[R]:
    """Reads records of ``kind``. Raises BadRecord with file, line and field."""
    with path.open(encoding="utf8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield kind.model_validate_json(line)
                except ValidationError as error:
                    raise BadRecord(f"{path}:{number}: {error}") from error


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a table, as DVC plots read it."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def file_hash(path: Path) -> str:
    """SHA-256 of one file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_hashes(
    folder: Path, skip: frozenset[str] = frozenset(), without: frozenset[str] = frozenset()
) -> dict[str, str]:
    """SHA-256 of every file below ``folder``, by its name relative to it.

    Args:
        skip: names of files; without: of folders directly below ``folder``.
    """
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    wanted = sorted(name for name in names if name not in skip and name.partition("/")[0] not in without)
    return {name: file_hash(names[name]) for name in wanted}


def combined_hash(files: Mapping[str, str]) -> str:
    """One SHA-256 over file names and their hashes."""
    lines = "".join(f"{name}\0{files[name]}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def content_hash(folder: Path, skip: frozenset[str] = frozenset()) -> str:
    """SHA-256 over the names and contents of all files below ``folder``: equal folders, equal hash."""
    return combined_hash(file_hashes(folder, skip))
