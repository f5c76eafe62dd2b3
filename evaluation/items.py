"""The questions of an evaluation: held-out examples of the sets, and the pack's golden conversations."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from evaluation.golden import Golden, load_goldens
from kefu.io import read_jsonl
from kefu.params import Evaluate
from kefu.schema import Example, IntentExample, RetrievalExample


class NothingToEvaluate(ValueError):
    """A set has no held-out examples, or the pack no golden conversations."""


@dataclass(frozen=True)
class Items:
    """What every model is asked. ``max_new_tokens`` bounds an answer."""

    router: list[IntentExample]
    retrieval: list[RetrievalExample]
    answers: list[Example]
    golden: list[Golden]
    max_new_tokens: int


def load_items(sets: Path, pack: Path, params: Evaluate) -> Items:
    """Held-out items; of the SFT set a seeded sample. Raises NothingToEvaluate naming the empty file."""
    answers = [e for e in read_jsonl(sets / "sft.jsonl", Example) if e.split == "eval"]
    chosen = random.Random(params.seed).sample(answers, min(params.answers, len(answers)))
    items = Items(
        router=[e for e in read_jsonl(sets / "router.jsonl", IntentExample) if e.split == "eval"],
        retrieval=[e for e in read_jsonl(sets / "retrieval.jsonl", RetrievalExample) if e.split == "eval"],
        answers=sorted(chosen, key=lambda example: example.id),
        golden=load_goldens(pack / "golden"),
        max_new_tokens=params.max_new_tokens,
    )
    places = {"router": sets / "router.jsonl", "retrieval": sets / "retrieval.jsonl", "answers": sets / "sft.jsonl"}
    for name, path in {**places, "golden": pack / "golden"}.items():
        if not getattr(items, name):
            raise NothingToEvaluate(f"{path}: nothing to evaluate on: no held-out example in it")
    return items
