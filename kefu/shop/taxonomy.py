"""The pack's intents (``taxonomy.yaml``) and the labelling rules that vote for them (``rules/*.yaml``)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from kefu.shop.part import Lang, PackError, Part, Text, read_part


class Intent(Part):
    name: str
    title: Text
    definition: Text
    examples: dict[Lang, tuple[str, ...]]
    route: Literal["flow", "knowledge", "chitchat", "human", "complaint"] = "knowledge"
    reply: Text | None = Field(None, description="fixed reply, for chitchat")


class Taxonomy(Part):
    version: str
    intents: tuple[Intent, ...]

    @property
    def names(self) -> list[str]:
        return [intent.name for intent in self.intents]

    def __getitem__(self, name: str) -> Intent:
        return next(intent for intent in self.intents if intent.name == name)


class Rule(Part):
    """A labelling rule: votes for ``intent`` where its regexes match. Evidence for the labeler, not a verdict.

    text: searched in the redacted turn; before, after: in the other side's words around it.
    """

    name: str
    intent: str
    text: str | None = None
    before: str | None = None
    after: str | None = None

    @model_validator(mode="after")
    def _can_match(self) -> Rule:
        patterns = [pattern for pattern in (self.text, self.before, self.after) if pattern is not None]
        if not patterns:
            raise ValueError(f"rule {self.name}: needs a regex in text, before or after")
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"rule {self.name}: {pattern!r} is not a valid regex: {error}") from error
        return self


def load_taxonomy(folder: Path) -> Taxonomy:
    """The pack's intents alone, for stages that need nothing else of it. Raises PackError."""
    return read_part(folder / "taxonomy.yaml", Taxonomy)


def load_rules(folder: Path) -> tuple[Rule, ...]:
    """The pack's labelling rules, one file each, in order of file name; a pack may have none. Raises PackError."""
    rules = tuple(read_part(path, Rule) for path in sorted((folder / "rules").glob("*.yaml")))
    intents = set(load_taxonomy(folder).names)
    if unknown := [f"{rule.name}: unknown intent {rule.intent}" for rule in rules if rule.intent not in intents]:
        raise PackError(f"{folder / 'rules'}: {'; '.join(unknown)}")
    return rules
