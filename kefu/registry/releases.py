"""The model registry: sealed releases, and the aliases that say which of them serves.

A model version is a whole release folder. The alias ``champion`` names the one that serves,
``previous`` the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlflow import artifacts
from mlflow.exceptions import MlflowException

from kefu.errors import KefuError
from kefu.io import read_json
from kefu.registry.runs import client, experiment_id, uri

MODEL = "kefu"
CHAMPION, PREVIOUS = "champion", "previous"


class NoSuchVersion(KefuError, LookupError):
    """The registry has no such model version or alias; the message says what it has."""


@dataclass(frozen=True)
class ChampionInfo:
    """A registered release: version, content hash of its manifest, and the run that made it."""

    version: int
    content_hash: str
    run_id: str


def register(release: Path, metrics: Mapping[str, float], run_id: str | None = None) -> int:
    """Stores a sealed release in the registry; the same content is registered once. Returns its version."""
    content_hash = read_json(release / "manifest.json")["content_hash"]
    try:
        client().get_registered_model(MODEL)
    except MlflowException:
        client().create_registered_model(MODEL)
    for version in client().search_model_versions(f"name = '{MODEL}'"):
        if version.tags.get("content_hash") == content_hash:
            return int(version.version)
    run = client().get_run(run_id) if run_id else client().create_run(experiment_id(), run_name="register")
    client().log_artifacts(run.info.run_id, str(release), "release")
    tags = {"content_hash": content_hash, **{name: f"{value:.6g}" for name, value in metrics.items()}}
    made = client().create_model_version(MODEL, f"{run.info.artifact_uri}/release", run.info.run_id, tags=tags)
    if run_id is None:
        client().set_terminated(run.info.run_id)
    return int(made.version)


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


def download_release(version: int) -> Path:
    """Local folder of a registered release: in place for a local store, else downloaded."""
    _check_version(version)
    source = client().get_model_version(MODEL, str(version)).source
    return Path(artifacts.download_artifacts(artifact_uri=source, tracking_uri=uri()))
