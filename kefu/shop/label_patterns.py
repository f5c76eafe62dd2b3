"""The pack's wordings by which labels other than intents are told: ``labels/*.yaml``.

    labels/slots.yaml      values any turn may tell: numbers, products, amounts, times
    labels/sentiment.yaml  how customers sound
    labels/outcome.yaml    how a resolved and an unresolved conversation end
    labels/handover.yaml   how a conversation is handed to a person, and why
    labels/quality.yaml    what an answer must not say, and what counts as a checkable claim

All are optional: a pack without a file has no such labels. A wording is a regex, searched without
regard to case; where it begins or ends in a Latin letter or digit, it has to be a whole word. ``right_of_seen``
says how often a rule was right on conversations that were labelled by hand (``python -m
benchmarks.autolabel`` prints it): the confidence of a label that people have not checked otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from kefu.shop.part import Lang, PackError, Part, Text, read_part
from kefu.shop.taxonomy import load_taxonomy

Wording = dict[Lang, tuple[str, ...]]
RightOfSeen = dict[str, tuple[int, int]]
_NEVER = re.compile(r"(?!)")
_WORD_START, _WORD_END = re.compile(r"[A-Za-z0-9]"), re.compile(r"[A-Za-z0-9]$")


def matcher(wording: Mapping[Lang, Iterable[str]]) -> re.Pattern[str]:
    """One regex for all wordings of both languages; matches nothing when there are none."""
    parts = [_whole_words(pattern) for patterns in wording.values() for pattern in patterns]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else _NEVER


def _whole_words(pattern: str) -> str:
    before = "(?<![A-Za-z0-9])" if _WORD_START.match(pattern) else ""
    after = "(?![A-Za-z0-9])" if _WORD_END.search(pattern) else ""
    return f"(?:{before}(?:{pattern}){after})"


class Wordings(Part):
    """Base: every field of type Wording is checked to be regexes."""

    right_of_seen: RightOfSeen = Field({}, description="rule → times right, times seen, on hand-labelled conversations")

    @model_validator(mode="before")
    @classmethod
    def _old_name(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and "checked" in raw:
            raise ValueError("checked: is called right_of_seen: rename the key")
        return raw

    @field_validator("*")
    @classmethod
    def _are_regexes(cls, value: object) -> object:
        patterns = value.values() if isinstance(value, dict) else ()
        for pattern in (p for some in patterns if isinstance(some, tuple) for p in some if isinstance(p, str)):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regex: {error}") from error
        return value


class Names(Part):
    """Names in a table of the pack: the value is a row's ``key``."""

    file: str = Field(description="CSV file with a header, in the pack's folder")
    key: str
    columns: dict[Lang, str]


class Entity(Part):
    """A value that a customer's turn may tell. ``pii``: placeholder type; else names, choices, patterns in turn."""

    title: Text
    pii: str | None = None
    names: Names | None = None
    choices: dict[str, Wording] = Field({}, description="value → wordings")
    patterns: Wording = Field({}, description="what they match, as written, is the value")
    intents: tuple[str, ...] = Field((), description="looked for in turns of these intents only; none: in all")


class Entities(Wordings):
    slots: dict[str, Entity]


class Sentiment(Wordings):
    positive: Wording
    negative: Wording
    thanks: Wording = Field(description="positive where the turn says little else")
    negators: Wording = Field(description="right before a wording they turn it round")
    ignore: Wording = Field(description="looks like one of the above and says nothing")
    courtesy: Wording = Field({}, description="said beside thanks, and little else: 'all right', 'that is all'")
    asking: Wording = Field({}, description="a turn that ends so asks: praise in it is none")


class Outcome(Wordings):
    done: Wording = Field(description="the shop: it is done, or answered in full")
    content: Wording = Field(description="the customer: that is all, thanks")
    unsolved: Wording = Field(description="the customer: it is not solved")
    pending: Wording = Field(description="the shop: not possible, or somebody will look into it")
    refused: Wording = Field({}, description="the shop: not possible; solved where the customer takes it")
    closing: Wording = Field({}, description="the shop's closing formula, passed over")
    later: Wording = Field({}, description="the customer: comes back to it later")
    asking: Wording = Field({}, description="a question")


class Handover(Wordings):
    handed: Wording = Field(description="the shop: a person takes over")
    asked: Wording = Field(description="the customer asks for a person")
    complaint: Wording = Field(description="the customer complains")
    policy: Wording = Field(description="the shop, where it hands over: only a person may do this")
    intents: dict[str, str] = Field({}, description="intent of the customer's last turn → asked or complaint")


class Unit(Part):
    """A kind of claim. ``{n}`` is a number, ``{to}`` an optional 'to n'; all numbers count in ``base`` units."""

    base: str
    factor: float = 1.0
    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()


class Table(Part):
    """A table of the pack whose rows are knowledge too."""

    file: str = Field(description="CSV file with a header, in the pack's folder")
    say: str = Field(description="a row in words: {column} is its value")


class Quality(Wordings):
    promise: Wording = Field(description="commits the shop")
    gives: Wording = Field(description="commits it where the sum or period is not in the knowledge")
    no_promise: Wording = Field(description="looks like one of the above and is none")
    rude: Wording
    units: tuple[Unit, ...] = Field(description="what a number has to stand by to be a claim")
    tables: tuple[Table, ...] = ()


class LabelWordings(Part):
    """What the pack has of ``labels/``; None: no such labels."""

    slots: Entities | None = None
    sentiment: Sentiment | None = None
    outcome: Outcome | None = None
    handover: Handover | None = None
    quality: Quality | None = None

    @property
    def entities(self) -> dict[str, Entity]:
        return self.slots.slots if self.slots else {}

    @property
    def intents(self) -> set[str]:
        """Intents that the wordings name."""
        asked = self.handover.intents if self.handover else {}
        return {*asked, *(intent for entity in self.entities.values() for intent in entity.intents)}


KINDS: dict[str, type[Wordings]] = {
    "slots": Entities,
    "sentiment": Sentiment,
    "outcome": Outcome,
    "handover": Handover,
    "quality": Quality,
}


def load_wordings(folder: Path) -> LabelWordings:
    """Reads a pack's ``labels/*.yaml``. Raises PackError naming file and field, or intents that nobody knows."""
    parts: dict[str, Any] = {}
    for name, kind in KINDS.items():
        path = folder / "labels" / f"{name}.yaml"
        if path.is_file():
            parts[name] = read_part(path, kind)
    wordings = LabelWordings(**parts)
    if wordings.intents and (unknown := wordings.intents.difference(load_taxonomy(folder).names)):
        raise PackError(f"{folder / 'labels'}: the taxonomy has no intent {', '.join(sorted(unknown))}")
    return wordings
