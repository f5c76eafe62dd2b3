"""The baselines on the models' own questions, scored as their answers are; see ``evaluation/baselines.py``."""

from __future__ import annotations

from evaluation.candidate import ReleaseUnderTest
from evaluation.items import Items
from evaluation.result import Result
from evaluation.suites.answers import score


def constant(release: ReleaseUnderTest, items: Items) -> Result:
    """The best constant sentence for every question."""
    return score("constant", items.constant, release, items)


def first_entry(release: ReleaseUnderTest, items: Items) -> Result:
    """The first knowledge entry of each prompt, copied."""
    return score("first_entry", items.first_entry, release, items)
