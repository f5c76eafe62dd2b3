"""params.yaml explained: the descriptions in kefu/params.py are the help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipelines.params import Params

SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}


def lines(params: Params) -> Iterator[str]:
    """One block a section, one line a parameter: name, value, type, what it is."""
    for name, info in type(params).model_fields.items():
        value = getattr(params, name)
        if isinstance(value, BaseModel):
            yield f"\n{name}"
            yield from (_line(f"  {inner}", getattr(value, inner), f) for inner, f in type(value).model_fields.items())
        else:
            yield _line(name, value, info)


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
    return value.model_dump() if isinstance(value, BaseModel) else value
