"""The pack's patterns for labels other than intents: ``labels/*.yaml``.

    labels/slots.yaml      values that any turn may contain: numbers, products, amounts, times
    labels/sentiment.yaml  how customers sound
    labels/outcome.yaml    how a resolved and an unresolved conversation end
    labels/handover.yaml   how a conversation is handed to a person, and why
    labels/quality.yaml    what an answer must not say, and what counts as a checkable claim

All are optional: a pack without a file has no such labels. A pattern is a regex, searched without
regard to case; where it begins or ends in a Latin letter or digit, it has to match a whole word. ``right_of_seen``
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

Patterns = dict[Lang, tuple[str, ...]]
RightOfSeen = dict[str, tuple[int, int]]
_NEVER = re.compile(r"(?!)")
_WORD_START, _WORD_END = re.compile(r"[A-Za-z0-9]"), re.compile(r"[A-Za-z0-9]$")


def matcher(patterns: Mapping[Lang, Iterable[str]]) -> re.Pattern[str]:
    """Returns one regex for the patterns of both languages; it matches nothing when there are none."""
    parts = [_whole_words(pattern) for some in patterns.values() for pattern in some]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else _NEVER


def _whole_words(pattern: str) -> str:
    before = "(?<![A-Za-z0-9])" if _WORD_START.match(pattern) else ""
    after = "(?![A-Za-z0-9])" if _WORD_END.search(pattern) else ""
    return f"(?:{before}(?:{pattern}){after})"


class PatternPart(Part):
    """Base: every field of type Patterns is checked to be regexes."""

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
                raise ValueError(f"{pattern!r} is not a valid regex: {error}") from error
        return value


class Names(Part):
    """Names in a table of the pack: the value is a row's ``key``."""

    file: str = Field(description="CSV file with a header, in the pack's folder")
    key: str
    columns: dict[Lang, str]


class Entity(Part):
    """A value that a customer's turn may contain. ``pii``: placeholder type; else names, choices, patterns in turn."""

    title: Text
    pii: str | None = None
    names: Names | None = None
    choices: dict[str, Patterns] = Field({}, description="value → patterns")
    patterns: Patterns = Field({}, description="what they match, as written, is the value")
    intents: tuple[str, ...] = Field((), description="looked for in turns of these intents only; none: in all")


class Entities(PatternPart):
    slots: dict[str, Entity]


class Sentiment(PatternPart):
    positive: Patterns
    negative: Patterns
    thanks: Patterns = Field(description="positive where the turn says little else")
    negators: Patterns = Field(description="right before a pattern they turn it round")
    ignore: Patterns = Field(description="looks like one of the above and says nothing")
    courtesy: Patterns = Field({}, description="said beside thanks, and little else: 'all right', 'that is all'")
    asking: Patterns = Field({}, description="a turn that ends so asks: praise in it is none")


class Outcome(PatternPart):
    done: Patterns = Field(description="the shop: it is done, or answered in full")
    content: Patterns = Field(description="the customer: that is all, thanks")
    unsolved: Patterns = Field(description="the customer: it is not solved")
    pending: Patterns = Field(description="the shop: not possible, or somebody will look into it")
    refused: Patterns = Field({}, description="the shop: not possible; solved where the customer takes it")
    closing: Patterns = Field({}, description="the shop's closing formula, passed over")
    later: Patterns = Field({}, description="the customer: comes back to it later")
    asking: Patterns = Field({}, description="a question")


class Handover(PatternPart):
    handed: Patterns = Field(description="the shop: a person takes over")
    asked: Patterns = Field(description="the customer asks for a person")
    complaint: Patterns = Field(description="the customer complains")
    policy: Patterns = Field(description="the shop, where it hands over: only a person may do this")
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


class Quality(PatternPart):
    promise: Patterns = Field(description="commits the shop")
    gives: Patterns = Field(description="commits it where the sum or period is not in the knowledge")
    no_promise: Patterns = Field(description="looks like one of the above and is none")
    rude: Patterns
    units: tuple[Unit, ...] = Field(description="what a number has to stand by to be a claim")
    tables: tuple[Table, ...] = ()


class LabelPatterns(Part):
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
        """Intents that the patterns name."""
        asked = self.handover.intents if self.handover else {}
        return {*asked, *(intent for entity in self.entities.values() for intent in entity.intents)}


KINDS: dict[str, type[PatternPart]] = {
    "slots": Entities,
    "sentiment": Sentiment,
    "outcome": Outcome,
    "handover": Handover,
    "quality": Quality,
}


def load_label_patterns(folder: Path) -> LabelPatterns:
    """Reads a pack's ``labels/*.yaml``. Raises PackError naming file and field, or intents that nobody knows."""
    parts: dict[str, Any] = {}
    for name, kind in KINDS.items():
        path = folder / "labels" / f"{name}.yaml"
        if path.is_file():
            parts[name] = read_part(path, kind)
    patterns = LabelPatterns(**parts)
    if patterns.intents and (unknown := patterns.intents.difference(load_taxonomy(folder).names)):
        raise PackError(f"{folder / 'labels'}: the taxonomy has no intent {', '.join(sorted(unknown))}")
    return patterns
