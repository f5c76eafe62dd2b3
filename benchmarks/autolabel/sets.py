"""The hand-labelled sets, and how often the pack's rules are right on them.

Author of sentences and of wordings is the same: the figures are those of a fair colleague, not of strangers.
Wordings were tuned on the ``tune`` parts and on false alarms over the SAMPLE days; the ``held_out`` parts
were written before the wordings and looked at only as totals.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from data.label.entities import EntityFinder
from data.label.handover import NONE, HandoverRules
from data.label.outcome import OutcomeRules
from data.label.quality import PROBLEMS, QualityRules
from data.label.sentiment import SentimentRules
from kefu.pack import Pack
from kefu.schema import Dialogue, Turn
from kefu.wordings import LabelWordings

CASES = Path(__file__).parent / "cases"
PARTS = ("tune", "held_out")
SEEN = "seen"  # all of the set was looked at
ROLES = {"c": "customer", "a": "agent", "b": "bot"}


class Judgement(NamedTuple):
    """One label of one case. ``rule``: what the pack's ``checked`` counts."""

    what: str
    part: str
    expected: str
    said: str
    rule: str
    text: str


def _read(name: str) -> Any:
    return yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf8"))


def dialogue(turns: list[str]) -> Dialogue:
    """From lines like ``c: hello``."""
    said = tuple(Turn.model_validate({"role": ROLES[line[0]], "text": line[3:]}) for line in turns)
    return Dialogue(id="set", source="set", channel="kefu_jsonl", day="2026-11-16", customer="c", turns=said, csat=None)


def sentiment(words: LabelWordings) -> Iterator[Judgement]:
    assert words.sentiment
    rules = SentimentRules(words.sentiment)
    for part in PARTS:
        for expected, texts in _read("sentiment")[part].items():
            for text in texts:
                heard = rules.of(text)
                yield Judgement("sentiment", part, expected, heard.value, heard.rule, text)


def endings(words: LabelWordings) -> Iterator[Judgement]:
    """How dialogues ended, and whether they were handed over."""
    assert words.handover and words.outcome
    handover, outcome = HandoverRules(words.handover), OutcomeRules(words.outcome)
    for part in PARTS:
        for row in _read("dialogues")[part]:
            case = dialogue(row["turns"])
            handed = handover.of(case, {})
            ended = outcome.of(case, handed.value != NONE)
            text = " / ".join(row["turns"])
            yield Judgement("handover", part, row["handover"], handed.value, handed.rule, text)
            yield Judgement("resolved", part, row["resolved"], ended.value, ended.rule, text)


def quality(words: LabelWordings, pack: Pack) -> Iterator[Judgement]:
    """Each problem of each answer: 'yes' or 'no'."""
    assert words.quality
    rules = QualityRules(words.quality, pack)
    for part in PARTS:
        for row in _read("quality")[part]:
            found = {p.problem: p.rule for p in rules.of(dialogue([f"c: {row['said']}", f"a: {row['answer']}"]).turns)}
            for problem in PROBLEMS:
                expected, said = ("yes" if problem in some else "no" for some in (row["problems"], found))
                yield Judgement(f"quality:{problem}", part, expected, said, found.get(problem, ""), row["answer"])


def slots(words: LabelWordings, pack: Pack) -> Iterator[Judgement]:
    """Each entity that a turn tells or is said to tell; '' for none."""
    finder = EntityFinder(words.entities, pack.folder)
    for row in _read("slots"):
        found = finder.of(row["text"], row.get("intent", "other"))
        for name in sorted(found.keys() | row["slots"].keys()):
            expected, said = row["slots"].get(name, ""), found.get(name, "")
            yield Judgement("slots", SEEN, expected, said, name, row["text"])
