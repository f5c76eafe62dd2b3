"""What `kefu params` prints, as the classes describe the parameters, and `kefu monitor`, of the newest day."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kefu.errors import Missing
from kefu.io import read_json
from kefu.paths import METRICS, MONITOR
from pipelines.params import Params, load_params

SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
_COUNTS = ("dialogues", "turns", "customers", "duplicates", "near_duplicates", "quarantined", "new_questions")
_HEAD = f"{'parameter':<26} {'value':<24} type (bounds)  meaning"


def parameter_lines(params: Params, set_by_profile: Collection[str]) -> Iterator[str]:
    """One block a section, one line a parameter; what the profile sets ends with the profile's name.

    Args:
        set_by_profile: dotted names, e.g. 'finetune.max_steps'.
    """
    yield _HEAD
    marks = dict.fromkeys(set_by_profile, f"  [profiles.{params.profile}]")
    yield from _block(params, marks)


def monitor_lines() -> list[str]:
    """Raises Missing when there is no page yet."""
    pages = sorted(MONITOR.glob("dt=*.html"))
    if not pages:
        raise Missing(f"{MONITOR}: no page yet: run `dvc repro monitor`, which makes one a day")
    metrics = read_json(METRICS / "monitor.json")
    bounds = load_params().monitor
    shown = [f"{name:<18}{metrics[name]:,.0f}" for name in _COUNTS if name in metrics]
    for name, value in sorted(metrics.items()):
        if name == "energy" or name.startswith("psi."):
            bound = bounds.energy_alarm if name == "energy" else bounds.psi_major
            shown.append(f"{name:<18}{value:.4f}   bound {bound:g}")
    drifted = f"{metrics['drifted']:.0f} beyond chance and bound" if metrics["drifted"] else "none"
    return [*shown, f"{'drift':<18}{drifted}", f"{'page':<18}{pages[-1]}"]


def _block(section: BaseModel, marks: dict[str, str], prefix: str = "", indent: str = "") -> Iterator[str]:
    for name, info in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield f"{indent}{name}" if indent else f"\n{name}"
            yield from _block(value, marks, f"{prefix}{name}.", f"{indent}  ")
        else:
            yield _line(f"{indent}{name}", value, info) + marks.get(f"{prefix}{name}", "")


def _line(name: str, value: Any, info: FieldInfo) -> str:
    kind = info.annotation.__name__ if isinstance(info.annotation, type) else str(info.annotation)
    kind = re.sub(r"\b(?:\w+\.)+(?=[A-Z])", "", kind)
    bounds = ", ".join(f"{SIGNS[name]} {value:g}" for bound in info.metadata for name, value in _fields(bound))
    shown = [_plain(part) for part in value] if isinstance(value, tuple) else value
    return f"{name:<26} {shown!s:<24} {kind}{f' ({bounds})' if bounds else ''}  {info.description or ''}".rstrip()


def _fields(bound: object) -> list[tuple[str, Any]]:
    """A constraint's fields, e.g. [('gt', 0)]."""
    return [(name, getattr(bound, name)) for name in SIGNS if hasattr(bound, name)]


def _plain(value: Any) -> Any:
    return value.model_dump(exclude_defaults=True) if isinstance(value, BaseModel) else value
