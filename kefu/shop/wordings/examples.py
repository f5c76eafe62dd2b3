"""Word groups and example utterances of the pack, for the intent classifiers.

    words.yaml              groups of words of one meaning: name → regexes of RE2 (kefu/text/regexes.py)
    examples/<intent>.yaml  what customers say: ``said``, and under ``answers`` what they say after the shop's words

Both are optional. Classifiers learn from examples with a weight, beside reviewed turns, and are never measured
on them. For an intent without a reviewed turn they replace such turns in the labeler, also in its calibration.
The taxonomy's examples belong to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field, field_validator

from kefu.shop.part import PackError, Part, read_part
from kefu.shop.taxonomy import load_taxonomy
from kefu.text.regexes import check_re2


class Answers(Part):
    """What customers say right after the shop said ``before`` (and they themselves ``earlier``)."""

    before: str = ""
    earlier: str = ""
    said: tuple[str, ...]


class Examples(Part):
    said: tuple[str, ...] = Field((), description="clear without context")
    answers: tuple[Answers, ...] = ()


class Words(Part):
    groups: dict[str, tuple[str, ...]]

    @field_validator("groups")
    @classmethod
    def _are_regexes(cls, groups: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for patterns in groups.values():
            for pattern in patterns:
                check_re2(pattern)
        return groups


@dataclass(frozen=True)
class Utterance:
    """An example: a customer's turn, the shop's words before it, the customer's own before that."""

    intent: str
    text: str
    before: str = ""
    earlier: str = ""


@dataclass(frozen=True)
class PackExamples:
    """What the pack teaches the intent classifiers. words: group → regex."""

    words: Mapping[str, str] = field(default_factory=dict)
    utterances: tuple[Utterance, ...] = ()

    def for_intents(self, intents: Iterable[str]) -> tuple[Utterance, ...]:
        """Returns the utterances of these intents."""
        wanted = set(intents)
        return tuple(utterance for utterance in self.utterances if utterance.intent in wanted)


NO_EXAMPLES = PackExamples()


def load_pack_examples(folder: Path) -> PackExamples:
    """Reads a pack's word groups and examples. Raises PackError naming file and field."""
    path = folder / "words.yaml"
    groups = read_part(path, Words).groups if path.is_file() else {}
    taxonomy = load_taxonomy(folder)
    examples = [Utterance(i.name, text) for i in taxonomy.intents for texts in i.examples.values() for text in texts]
    for path in sorted((folder / "examples").glob("*.yaml")):
        if path.stem not in taxonomy.names:
            raise PackError(f"{path}: the taxonomy has no intent {path.stem}")
        examples += _utterances(path.stem, read_part(path, Examples))
    return PackExamples(
        {name: "|".join(f"(?:{p})" for p in patterns) for name, patterns in groups.items()}, tuple(examples)
    )


def _utterances(intent: str, examples: Examples) -> list[Utterance]:
    alone = [Utterance(intent, text) for text in examples.said]
    return alone + [Utterance(intent, text, a.before, a.earlier) for a in examples.answers for text in a.said]
