"""The hand-labelled sets, and how often the pack's rules are right on them.

- ``tune`` and ``held_out`` (``cases/*.yaml``): sentences and wordings have the same author, so these figures
  are kind. Wordings were tuned on ``tune`` and on false alarms over the SAMPLE days.
- ``first`` and ``second`` (``cases/independent``): written before their author had opened the wordings. A hash
  halves them: mistakes on the first half were read and mended, those on the second were only counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from data.labeling.signals.answer_quality import PROBLEMS, QualityRules
from data.labeling.signals.entities import EntityFinder
from data.labeling.signals.handover import HandoverRules
from data.labeling.signals.resolution import OutcomeRules
from data.labeling.signals.sentiment import SentimentRules
from kefu.schema import Dialogue, Turn
from kefu.shop.label_patterns import LabelPatterns
from kefu.shop.pack import Pack

CASES = Path(__file__).parent / "cases"
SEEN = "seen"  # all of the set was looked at
HALVES = ("first", "second")
ROLES = {"c": "customer", "a": "agent", "b": "bot"}


class Judgement(NamedTuple):
    """One label of one case. ``rule``: what the pack's ``right_of_seen`` counts."""

    what: str
    part: str
    expected: str
    said: str
    rule: str
    text: str


def _read(name: str) -> Any:
    return yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf8"))


def _cases(name: str) -> Iterator[tuple[str, Any]]:
    """(part, row) of the old set, then of the independent one."""
    old = _read(name)
    for part, rows in old.items() if isinstance(old, dict) else [(SEEN, old)]:
        yield from ((part, row) for row in rows)
    for row in _read(f"independent/{name}"):
        yield half(str(row.get("turns") or row.get("answer") or row["text"])), row


def half(text: str) -> str:
    """Which half of the independent set a row belongs to."""
    return HALVES[hashlib.sha256(text.encode()).digest()[0] % 2]


def dialogue(turns: list[str]) -> Dialogue:
    """From lines like ``c: hello``."""
    said = tuple(Turn.model_validate({"role": ROLES[line[0]], "text": line[3:]}) for line in turns)
    return Dialogue(id="set", source="set", channel="kefu_jsonl", day="2026-11-16", customer="c", turns=said, csat=None)


def _turns() -> Iterator[tuple[str, str, str]]:
    """Part, sentiment and text."""
    for part, values in _read("sentiment").items():
        yield from ((part, value, text) for value, texts in values.items() for text in texts)
    for value, texts in _read("independent/sentiment").items():
        yield from ((half(text), value, text) for text in texts)


def sentiment(words: LabelPatterns) -> Iterator[Judgement]:
    assert words.sentiment
    rules = SentimentRules(words.sentiment)
    for part, expected, text in _turns():
        heard = rules.classify(text)
        yield Judgement("sentiment", part, expected, heard.value, heard.rule, text)


def endings(words: LabelPatterns) -> Iterator[Judgement]:
    """How dialogues ended, and whether they were handed over."""
    assert words.handover and words.outcome
    mood = SentimentRules(words.sentiment) if words.sentiment else None
    handover, outcome = HandoverRules(words.handover), OutcomeRules(words.outcome, mood)
    for part, row in _cases("dialogues"):
        case = dialogue(row["turns"])
        handed = handover.classify(case, {})
        ended = outcome.classify(case, handed.turn)
        text = " / ".join(row["turns"])
        yield Judgement("handover", part, row["handover"], handed.value, handed.rule, text)
        yield Judgement("resolved", part, row["resolved"], ended.value, ended.rule, text)


def quality(words: LabelPatterns, pack: Pack) -> Iterator[Judgement]:
    """Each problem of each answer: 'yes' or 'no'."""
    assert words.quality
    rules = QualityRules(words.quality, pack)
    for part, row in _cases("quality"):
        before = row.get("before") or [f"c: {row['said']}"]
        found = {p.problem: p.rule for p in rules.problems(dialogue([*before, f"a: {row['answer']}"]).turns)}
        for problem in PROBLEMS:
            expected, said = ("yes" if problem in some else "no" for some in (row["problems"], found))
            yield Judgement(f"quality:{problem}", part, expected, said, found.get(problem, ""), row["answer"])


def slots(words: LabelPatterns, pack: Pack) -> Iterator[Judgement]:
    """Each entity that a turn tells or is said to tell; '' for none."""
    finder = EntityFinder(words.entities, pack.folder)
    for part, row in _cases("slots"):
        found = finder.find(row["text"], row.get("intent", "other"))
        for name in sorted(found.keys() | row["slots"].keys()):
            expected, said = row["slots"].get(name, ""), found.get(name, "")
            yield Judgement("slots", part, expected, said, name, row["text"])


def judge(words: LabelPatterns, pack: Pack) -> list[Judgement]:
    """Every label of every set."""
    return [*sentiment(words), *endings(words), *quality(words, pack), *slots(words, pack)]
