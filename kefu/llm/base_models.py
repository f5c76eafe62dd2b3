"""Which base models this run stands on: ``store/base/base.json`` and the folders it leads to.

A model of the hub weighs gigabytes, so it stays where it is (hub cache, or a local folder) and only its
name, revision and content hash are recorded; whoever opens it checks the hash, because DVC does not see such
folders. The tiny models that the ``base`` stage builds lie beside the file.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kefu.errors import KefuError
from kefu.io import BadRecord, content_hash, read_json
from kefu.llm.chat_template import opens_with_empty_thought
from kefu.llm.models import ModelFacts, facts
from kefu.registry.seal import BaseModelRef

BASE_FILE = "base.json"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
Which = Literal["centre", "edge"]


class MissingBase(KefuError, FileNotFoundError):
    """A base model cannot be found; the message says which and what to do."""


class ChangedBase(KefuError, ValueError):
    """A base model is not the one that was recorded; the message says which and what to do."""


class BaseEntry(BaseModelRef):
    """One model of base.json. kind: built by us, a local folder, or a snapshot of the hub."""

    kind: Literal["built", "folder", "hub"]

    @property
    def ref(self) -> BaseModelRef:
        return BaseModelRef(name=self.name, revision=self.revision, content_hash=self.content_hash)


@dataclass(frozen=True)
class BaseModel:
    """A base model on this machine's disk."""

    folder: Path
    facts: ModelFacts
    ref: BaseModelRef


def model_facts(name: str, folder: Path) -> ModelFacts:
    """Facts of a model by its name, or by the architecture its folder names; its template tells of empty thoughts."""
    known = facts(name, read_json(folder / "config.json").get("model_type"))
    empty_think = opens_with_empty_thought(folder)
    return known if empty_think is None else replace(known, empty_think=empty_think)


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copies a model folder's tokenizer; older models keep the template inside tokenizer_config.json."""
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def hub_snapshot(name: str, revision: str | None, offline: bool = False) -> Path:
    """Folder of a hub model, downloaded when it is not in the cache. Raises MissingBase when it cannot be had."""
    # Imported here: serving reads base entries too and needs no hub.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    patterns = ["*.json", "*.safetensors", "*.txt", "*.jinja"]
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns, local_files_only=offline))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        raise MissingBase(
            f"{name!r} (revision {revision or 'newest'}) is neither a local folder nor to be had from the hub: "
            f"{error}. Connect to the hub (HF_ENDPOINT names a mirror), copy the model into a folder and name that "
            "folder in params.yaml (base.centre, base.edge), or choose the profile `tiny`, which needs no download."
        ) from error


def open_base(base: Path, which: Which) -> BaseModel:
    """The centre's or the edge's base model, as the ``base`` stage recorded it in ``base``.

    Raises:
        ChangedBase: its files are not those that were recorded.
    """
    path = base / BASE_FILE
    if not path.is_file():
        raise MissingBase(f"{path} is missing: run `dvc repro base` first")
    entries = read_json(path)
    if which not in entries:
        raise BadRecord(f"{path}: no entry {which!r}")
    entry = BaseEntry.model_validate(entries[which])
    folder = _folder(base, which, entry)
    if not (folder / "config.json").is_file():
        raise MissingBase(f"{folder}: no config.json: the base {entry.name!r} moved; run `dvc repro -f base`")
    if (found := content_hash(folder)) != entry.content_hash:
        raise ChangedBase(
            f"{folder}: content hash {found[:12]}, but {path} recorded {entry.content_hash[:12]}: the base "
            f"{entry.name!r} was changed since. Put the old files back, or accept the new ones: `dvc repro -f base`"
        )
    return BaseModel(folder, model_facts(entry.name, folder), entry.ref)


def _folder(base: Path, which: Which, entry: BaseEntry) -> Path:
    if entry.kind == "built":
        return base / which
    return Path(entry.name) if entry.kind == "folder" else hub_snapshot(entry.name, entry.revision)
