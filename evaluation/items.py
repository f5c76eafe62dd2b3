"""The questions of an evaluation: held-out examples of the sets, and the pack's golden conversations."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.baselines import constant_answers, first_entries
from evaluation.forgetting.frozen_sets import FrozenSet
from evaluation.golden import Golden, load_goldens
from evaluation.params import Evaluate
from kefu.errors import KefuError, Unusable
from kefu.io import read_jsonl
from kefu.knowledge.entries import knowledge_entries
from kefu.schema import Example, IntentExample, RetrievalExample
from kefu.shop.pack import load_pack


class NothingToEvaluate(KefuError, ValueError):
    """A set has no held-out examples or no training answers, or the pack no golden conversations."""


@dataclass(frozen=True)
class Items:
    """What every model is asked.

    constant, first_entry: what the baselines say to each of ``answers``.
    conversations: scripted customers, by number.
    max_new_tokens: bounds an answer.
    seed: of the bootstrap.
    taught: answers of the training chats.
    frozen: of each month, oldest first.
    """

    router: list[IntentExample]
    retrieval: list[RetrievalExample]
    answers: list[Example]
    constant: list[str]
    first_entry: list[str]
    golden: list[Golden]
    conversations: int
    max_new_tokens: int
    seed: int
    taught: frozenset[str] = frozenset()
    frozen: tuple[FrozenSet, ...] = ()


def load_items(sets: Path, pack: Path, params: Evaluate, frozen: Sequence[FrozenSet] = ()) -> Items:
    """Held-out items; of the SFT set a seeded sample. Raises NothingToEvaluate naming the empty file."""
    chats = list(read_jsonl(sets / "sft.jsonl", Example))
    held_out, train = ([e for e in chats if e.split == split] for split in ("eval", "train"))
    chosen = random.Random(params.seed).sample(held_out, min(params.answers, len(held_out)))
    answers = sorted(chosen, key=lambda example: example.id)
    try:
        constant = constant_answers(answers, train, params.seed)
    except Unusable as error:
        raise NothingToEvaluate(f"{sets / 'sft.jsonl'}: no constant sentence to compare with: {error}") from error
    items = Items(
        router=[e for e in read_jsonl(sets / "router.jsonl", IntentExample) if e.split == "eval"],
        retrieval=[e for e in read_jsonl(sets / "retrieval.jsonl", RetrievalExample) if e.split == "eval"],
        answers=answers,
        constant=constant,
        first_entry=first_entries(answers, knowledge_entries(load_pack(pack))),
        golden=load_goldens(pack / "golden"),
        conversations=params.conversations,
        max_new_tokens=params.max_new_tokens,
        seed=params.seed,
        taught=frozenset(example.messages[-1].content.strip() for example in train),
        frozen=tuple(frozen),
    )
    places = {"router": sets / "router.jsonl", "retrieval": sets / "retrieval.jsonl", "answers": sets / "sft.jsonl"}
    for name, path in {**places, "golden": pack / "golden"}.items():
        if not getattr(items, name):
            raise NothingToEvaluate(f"{path}: no held-out example: raise build.eval_share, or bring more data")
    return items
