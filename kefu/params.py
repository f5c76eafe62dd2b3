"""params.yaml as frozen typed objects: one section a stage, and what a profile sets in it.

A section is a class beside the code that obeys it (``training/params.py``, ``serving/params.py`` …), and a
stage loads its own alone: another stage's new option does not run it again. ``pipelines/params.py`` reads the
whole file. An unknown, missing or contradictory parameter is refused with its name and what was expected; so is
one that stands both in its section and in a profile.
The descriptions are the help: ``kefu params`` prints them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from kefu.errors import KefuError
from kefu.paths import PARAMS, ROOT
from kefu.renamed_params import REMOVED, RENAMED


def _enough_folds(folds: int) -> int:
    if folds < 3:
        raise ValueError(
            "must be 3 or more: two are left out at a time, and of 2 no labelled turn would be left to learn"
        )
    return folds


Folds = Annotated[int, AfterValidator(_enough_folds)]
Seed = Annotated[int, Field(description="of all that is drawn at random: the same seed, the same result")]

# A profile may set only what dvc.yaml tracks for it: anything else would not rerun its stage.
PROFILE_SECTIONS = {"base", "build", "distill", "evaluate", "export", "finetune", "serving"}


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ParamsError(KefuError, ValueError):
    """params.yaml cannot be used; the message names the file, the parameter and what was expected."""


S = TypeVar("S", bound=Section)


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        return yaml.safe_load(path.read_text(encoding="utf8"))
    except (OSError, yaml.YAMLError) as error:
        raise ParamsError(f"{path}: cannot be read: {error}") from error


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted name → value of all that is no mapping, or an empty one."""
    flat: dict[str, Any] = {}
    for key, inner in values.items():
        name = f"{prefix}{key}"
        flat |= flatten(inner, f"{name}.") if isinstance(inner, Mapping) and inner else {name: inner}
    return flat


def _check_one_place(path: Path, sections: Mapping[str, Any], profiles: Mapping[str, Any]) -> None:
    """Refuses what a section and a profile both set: the profile would win, and an override of the section do nothing.

    All profiles are checked, so that a file is not refused by the choice of one alone.
    """
    own = flatten(sections)
    if twice := [
        f"{name}: profiles.{profile} sets it too: keep profiles.{profile}.{name} alone"
        for profile, changes in profiles.items()
        for name in flatten(changes)
        if name in own
    ]:
        raise ParamsError(f"{path}: {'; '.join(twice)}")


def read_params(path: Path = PARAMS, profile: str | None = None) -> dict[str, Any]:
    """The file's sections with what the chosen profile sets in them; ``profile`` says which one."""
    raw = _read(path)
    profiles = raw.pop("profiles", {})
    _check_one_place(path, raw, profiles)
    chosen = profile or raw.get("profile")
    if chosen not in profiles:
        raise ParamsError(f"{path}: profile: {chosen!r} is not one of {', '.join(profiles)}")
    if wrong := set(profiles[chosen]) - PROFILE_SECTIONS:
        allowed = ", ".join(sorted(PROFILE_SECTIONS))
        raise ParamsError(f"{path}: profiles.{chosen}: {', '.join(sorted(wrong))}: a profile may only set {allowed}")
    return _merged(raw, profiles[chosen]) | {"profile": chosen}


def _told(name: str, message: str, given: Any) -> str:
    if name in RENAMED:
        return f"{name}: is called {RENAMED[name]}"
    if name in REMOVED:
        return f"{name}: was removed: {REMOVED[name]}"
    return f"{name}: {message} (given: {given!r})"


def parse_section(kind: type[S], raw: dict[str, Any], path: Path, prefix: str = "") -> S:
    """``raw`` as a section. Raises ParamsError naming every parameter that is wrong."""
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        within = (prefix,) if prefix else ()
        rows = [_told(".".join(map(str, (*within, *e["loc"]))), e["msg"], e["input"]) for e in error.errors()]
        raise ParamsError(f"{path}: " + "; ".join(rows)) from error


def load_section(name: str, kind: type[S], path: Path = PARAMS, profile: str | None = None) -> S:
    """One section of params.yaml under its own profile, or under the one given."""
    raw = read_params(path, profile)
    if name not in raw:
        raise ParamsError(f"{path}: {name}: this section is missing")
    return parse_section(kind, raw[name], path, name)


def pack_folder(path: Path = PARAMS) -> Path:
    """Folder of the shop pack that params.yaml names."""
    return ROOT / read_params(path)["pack"]


def set_by_profile(profile: str, path: Path = PARAMS) -> set[str]:
    """Dotted names of the parameters that a profile sets, e.g. 'finetune.max_steps'."""
    return set(flatten(_read(path)["profiles"][profile]))


def profiles(path: Path = PARAMS) -> list[str]:
    """Names of the profiles that params.yaml offers."""
    return list(_read(path)["profiles"])
