"""What every file of the shop pack is read with: base records, bilingual text, and errors that name the field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from kefu.errors import KefuError
from kefu.text.placeholders import escape_placeholders
from kefu.yaml_file import read_yaml

Lang = Literal["zh", "en"]
LANGUAGES: tuple[Lang, ...] = ("zh", "en")
Phrases = dict[Lang, tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)], ...]]
T = TypeVar("T")


class PackError(KefuError, ValueError):
    """A file of the pack cannot be used; the message names file, field and what was expected."""


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Part):
    """The same words in both languages; Jinja2 placeholders where a flow or prompt fills them.

    A shop of one language writes the words alone: they are said whatever the customer's language is.
    """

    zh: str
    en: str

    @model_validator(mode="before")
    @classmethod
    def _of_one_language(cls, words: Any) -> Any:
        return {"zh": words, "en": words} if isinstance(words, str) else words

    def in_(self, lang: str) -> str:
        return self.en if lang == "en" else self.zh


class DataText(Text):
    """A text that is told as it is, no template: what stands in it is never filled with a customer's data."""

    @field_validator("zh", "en")
    @classmethod
    def _without_placeholders(cls, text: str) -> str:
        return escape_placeholders(text)


def read_part(path: Path, kind: type[T]) -> T:
    """The file as ``kind``. Raises PackError naming file and field."""
    try:
        return TypeAdapter(kind).validate_python(_yaml(path))
    except ValidationError as error:
        raise PackError(f"{path}: {describe_problems(error)}") from error


def _yaml(path: Path) -> Any:
    try:
        return read_yaml(path)
    except (OSError, yaml.YAMLError) as error:
        raise PackError(f"{path}: cannot be read: {error}") from error


def describe_problems(error: ValidationError) -> str:
    """Returns field and fault of each error, without Pydantic's own prefix."""
    rows = [(".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in error.errors()]
    return "; ".join(f"{field}: {fault}" if field else fault for field, fault in rows)
