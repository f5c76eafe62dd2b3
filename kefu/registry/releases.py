"""The model registry: sealed releases, and the aliases that say which of them serves.

A model version is a whole release folder. The alias ``champion`` names the one that serves,
``previous`` the one before it. Where MLflow's artefacts are a folder of the same file system, a registered release
shares its bytes with the one in the store (hard links): a centre of 16 GB lies there once, not twice. So a file of
a release is replaced, never written in place; the seal notices if one is.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from mlflow import artifacts
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from kefu.errors import KefuError
from kefu.io import atomic_dir, private_dir, read_json
from kefu.paths import ROOT, RUNTIME
from kefu.registry.artefacts import delete_file
from kefu.registry.database import locked
from kefu.registry.runs import HOME, client, experiment_id, uri

logger = logging.getLogger(__name__)
MODEL = "kefu"
FOLDER = "release"  # among a run's artefacts
COPIES = HOME / RUNTIME.relative_to(ROOT) / "releases"  # of a server's releases, by content hash
CHAMPION, PREVIOUS = "champion", "previous"


class NoSuchVersion(KefuError, LookupError):
    """The registry has no such model version or alias; the message says what it has."""


@dataclass(frozen=True)
class ChampionInfo:
    """A registered release: version, content hash of its manifest, and the run that made it."""

    version: int
    content_hash: str
    run_id: str


def register(
    release: Path,
    metrics: Mapping[str, float],
    run_id: str | None = None,
    more_tags: Mapping[str, str] | None = None,
    description: str | None = None,
) -> int:
    """Stores a sealed release in the registry; the same content is registered once. Returns its version.

    Args:
        metrics: figures that become tags of the version.
        run_id: whose artefacts it joins; None: those of a run of its own.
        more_tags: of the version.
        description: of the version, in Markdown.
    """
    content_hash = read_json(release / "manifest.json")["content_hash"]
    try:
        client().get_registered_model(MODEL)
    except MlflowException:
        client().create_registered_model(MODEL)
    for version in client().search_model_versions(f"name = '{MODEL}'"):
        if version.tags.get("content_hash") == content_hash:
            return int(version.version)
    run = client().get_run(run_id) if run_id else client().create_run(experiment_id(), run_name="register")
    _log_files(release, run)
    figures = {name: f"{value:.6g}" for name, value in metrics.items()}
    tags = {"content_hash": content_hash, **figures, **(more_tags or {})}
    source = f"{run.info.artifact_uri}/{FOLDER}"
    made = client().create_model_version(MODEL, source, run.info.run_id, tags=tags, description=description)
    if run_id is None:
        client().set_terminated(run.info.run_id)
    return int(made.version)


def _log_files(release: Path, run: Run) -> None:
    """Puts the release among the run's artefacts, as hard links where it can."""
    store = urlparse(run.info.artifact_uri)
    if store.scheme in {"", "file"}:
        target = Path(url2pathname(store.path)) / FOLDER
        shutil.rmtree(target, ignore_errors=True)  # of a registration that was killed half-way
        try:
            shutil.copytree(release, target, copy_function=os.link)
            return
        except OSError as error:  # shutil.Error is one: another file system, or one without hard links
            logger.info("%s cannot share files with %s, they are copied (%s)", target, release, type(error).__name__)
            shutil.rmtree(target, ignore_errors=True)
    client().log_artifacts(run.info.run_id, str(release), FOLDER)


def prune(keep: int | None) -> list[int]:
    """Deletes all releases from the registry but the newest ``keep``, the champion and the one before it.

    Args:
        keep: None: nothing is deleted.

    Returns:
        The versions that were deleted. Their runs and figures stay. Safe to repeat after a kill.
    """
    aliased = {info.version for info in (champion(), previous()) if info}
    gone = [version for version in versions()[:-keep] if version not in aliased] if keep else []
    for version in gone:
        run_id = client().get_model_version(MODEL, str(version)).run_id
        # The files first: what a kill leaves is a version that the next call deletes, not 20 GB that nothing names.
        if run_id and any(entry.path == FOLDER for entry in client().list_artifacts(run_id)):
            delete_file(run_id, FOLDER)
        client().delete_model_version(MODEL, str(version))
    return gone


def _by_alias(alias: str) -> ChampionInfo | None:
    try:
        found = client().get_model_version_by_alias(MODEL, alias)
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise
    return ChampionInfo(int(found.version), found.tags["content_hash"], found.run_id or "")


def champion() -> ChampionInfo | None:
    """The release that serves, or None before the first promotion."""
    return _by_alias(CHAMPION)


def previous() -> ChampionInfo | None:
    return _by_alias(PREVIOUS)


def versions() -> list[int]:
    return sorted(int(v.version) for v in client().search_model_versions(f"name = '{MODEL}'"))


def _check_version(version: int) -> None:
    """Raises NoSuchVersion with those that there are."""
    known = versions()
    if version not in known:
        choose = f"choose one of {', '.join(map(str, known))}" if known else "`kefu day` registers the first"
        raise NoSuchVersion(f"registry: {MODEL!r} has no version {version}: {choose}")


def promote(version: int) -> None:
    """Moves the alias ``champion``; the old one becomes ``previous``. Safe to repeat."""
    _check_version(version)
    now = champion()
    if now and now.version == version:
        return
    if now:
        client().set_registered_model_alias(MODEL, PREVIOUS, str(now.version))
    client().set_registered_model_alias(MODEL, CHAMPION, str(version))


def rollback() -> ChampionInfo:
    """Gives the alias ``champion`` back to ``previous`` and returns it."""
    now, before = champion(), previous()
    if now is None or before is None or now.version == before.version:
        raise NoSuchVersion(
            "registry: there is no previous champion to roll back to: `kefu promote VERSION` promotes another version"
        )
    client().set_registered_model_alias(MODEL, CHAMPION, str(before.version))
    client().set_registered_model_alias(MODEL, PREVIOUS, str(now.version))
    return before


def release_aliases(version: int) -> list[str]:
    """Which aliases (champion, previous) name a version."""
    named = {CHAMPION: champion(), PREVIOUS: previous()}
    return [alias for alias, info in named.items() if info and info.version == version]


def pinned_release(version: int | None) -> Path | None:
    """Local folder of the release that store/champion.json pins; None where it pins none.

    Raises NoSuchVersion when this registry does not have it, as in a clone of a project whose registry is elsewhere.
    """
    if version is not None and version not in versions():
        raise NoSuchVersion(
            f"store/champion.json pins version {version}, which this registry does not have: name the registry that "
            "has it in MLFLOW_TRACKING_URI, or run `kefu day`, which pins the champion of this one"
        )
    return None if version is None else download_release(version)


def download_release(version: int) -> Path:
    """Local folder of a registered release: in place for a local store, else a copy that is fetched once."""
    _check_version(version)
    found = client().get_model_version(MODEL, str(version))
    source = str(found.source)
    if source.startswith(("/", "file:")):
        return Path(artifacts.download_artifacts(artifact_uri=source, tracking_uri=uri()))
    return _fetched(source, found.tags["content_hash"])


def _fetched(source: str, content_hash: str) -> Path:
    """The copy of a server's release; copies of what the registry no longer has are removed."""
    folder = private_dir(COPIES) / content_hash
    registered = {version.tags.get("content_hash") for version in client().search_model_versions(f"name = '{MODEL}'")}
    with locked(COPIES):
        if not folder.is_dir():
            with atomic_dir(folder, private=True) as temporary:
                artifacts.download_artifacts(artifact_uri=source, tracking_uri=uri(), dst_path=str(temporary))
        for other in COPIES.iterdir():
            if other.name not in registered:  # also what a kill left of a download
                shutil.rmtree(other)
    return folder / FOLDER
