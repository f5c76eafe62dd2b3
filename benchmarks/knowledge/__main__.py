"""Finds the knowledge search the right answer, and does it know when there is none?

    python -m benchmarks.knowledge [--retriever store/retriever] [--sets store/sets] [--show]

Two rules over the same release: the product's (hybrid, calibrated probability) and the former one (greatest cosine,
at least 0.5 and 0.12 over the next). Sets: the eval side of the retrieval set, also with each question's entry taken
out of the index; ``questions.yaml``, worded before the search was built, by hash in a half that was looked at and one
that was not; and ``measured.yaml``, the half of two writers' questions that never enters the pack. ``--show`` prints
what was answered wrongly. What the figures were: docs/measurements/knowledge.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from kefu.io import read_jsonl
from kefu.knowledge.confidence import SIGNALS
from kefu.knowledge.index import Index
from kefu.knowledge.search import Evidence, Search, features
from kefu.metrics.calibration import expected_calibration_error
from kefu.paths import RETRIEVER, SETS
from kefu.schema import RetrievalExample
from kefu.shop.part import Lang
from kefu.split import fraction
from pipelines.params import load_params
from training.confidence import Held, held_out_rows

QUESTIONS = Path(__file__).with_name("questions.yaml")
MEASURED = Path(__file__).with_name("measured.yaml")
COSINE, LEAD = 0.5, 0.12  # the former rule
HEAD = ("set", "rule", "questions", "hit@1", "hit@3", "answered", "wrong of these", "wrong, none answers", "ECE")


class Found(NamedTuple):
    """Entry ids, best first; whether the rule answers with the first; the probability, None if the rule has none."""

    ids: list[str]
    sure: bool
    probability: float | None


class Asked(NamedTuple):
    """A question searched; ``right``: ids that answer, none when nothing does."""

    text: str
    evidence: Evidence
    lang: Lang
    ids: tuple[str, ...]
    right: frozenset[str]


Rule = Callable[[Asked], Found]


def cosine_rule(asked: Asked) -> Found:
    dense = asked.evidence.signals[:, SIGNALS.index("dense")]
    order = np.argsort(-dense, kind="stable")
    best, second = dense[order[0]], dense[order[1]]
    ids = [asked.ids[i] for i in order]
    return Found(ids, ids[0].startswith("faq:") and best >= COSINE and best - second >= LEAD, None)


def hybrid_rule(index: Index, bound: float) -> Rule:
    def find(asked: Asked) -> Found:
        scores = index.confidence.scores(asked.evidence.signals)
        ids = [asked.ids[i] for i in np.argsort(-scores, kind="stable")]
        p = index.confidence.probability(features(asked.evidence, scores, asked.lang))
        return Found(ids, p >= bound, p)

    return find


def retrieval_set(index: Index, examples: Sequence[RetrievalExample]) -> list[Asked]:
    """Held-out questions, then every second of them without its entry."""
    held_out = [example for example in examples if example.split == "eval"]
    texts = [e.question for e in held_out] + [e.question for e in held_out[::2]]
    rights = [e.entry_id for e in held_out] + [e.entry_id for e in held_out[::2]]
    rows = held_out_rows(index, examples)
    return [_of_row(index, *row) for row in zip(texts, rights, rows, strict=True)]


def _of_row(index: Index, text: str, right: str, row: Held) -> Asked:
    ids = tuple(e.id for e in index.of(row.lang) if row.right or e.id != right)
    return Asked(text, row.evidence, row.lang, ids, frozenset([right]) if row.right else frozenset())


def written_questions(search: Search) -> dict[str, list[Asked]]:
    """``questions.yaml`` in its two halves."""
    halves: dict[str, list[Asked]] = {"seen half": [], "unseen half": []}
    for lang, some in yaml.safe_load(QUESTIONS.read_text(encoding="utf8")).items():
        ids = tuple(entry.id for entry in search.index.of(lang))
        for one in some:
            right = frozenset(f"faq:{name}:{lang}" for name in one["entry"])
            half = "seen half" if fraction(one["ask"], 9) < 0.5 else "unseen half"
            halves[half].append(Asked(one["ask"], search.evidence(one["ask"], lang), lang, ids, right))
    return halves


def measured_questions(search: Search) -> dict[str, list[Asked]]:
    """``measured.yaml`` by language; of entries that answer the same, each is right."""
    rows = yaml.safe_load(MEASURED.read_text(encoding="utf8"))
    as_good = [set(some) for some in rows.pop("as_good")]
    sets: dict[str, list[Asked]] = {}
    for lang, some in rows.items():
        ids = tuple(entry.id for entry in search.index.of(lang))
        for one in some:
            acts = {act for act in one["acts"] if act != "unanswered"}
            acts |= {other for group in as_good if group & acts for other in group}
            right = frozenset(f"{act.replace('ask:', 'faq:')}:{lang}" for act in acts)
            asked = Asked(one["say"], search.evidence(one["say"], lang), lang, ids, right)
            sets.setdefault(f"two writers, {lang}", []).append(asked)
    return sets


def row_of(rule: Rule, asked: Sequence[Asked]) -> list[str]:
    found = [rule(one) for one in asked]
    pairs = list(zip(asked, found, strict=True))
    answerable = [(a, f) for a, f in pairs if a.right]
    others = [f for a, f in pairs if not a.right]
    given = [f.ids[0] in a.right for a, f in answerable if f.sure]
    right = [f.ids[0] in a.right for a, f in pairs]
    known = [f.probability for f in found if f.probability is not None]
    hits = [np.mean([bool(a.right & set(f.ids[:top])) for a, f in answerable]) for top in (1, 3)]
    return [
        f"{len(answerable)} + {len(others)}",
        *(f"{hit:.3f}" for hit in hits),
        f"{len(given) / len(answerable):.1%}",
        f"{given.count(False)} of {len(given)}",
        f"{sum(f.sure for f in others)} of {len(others)}",
        f"{expected_calibration_error(known, right):.3f}" if known else "–",
    ]


def cpu_ms(search: Search, texts: Sequence[tuple[str, Lang]], rounds: int = 5) -> float:
    """Of a search for words that it has not seen before; others it remembers."""
    started = time.process_time()
    for number in range(rounds):
        for text, lang in texts:
            search.search(f"{text} {number}", lang, ("云朵羽绒枕",))
    return (time.process_time() - started) * 1000 / rounds / len(texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retriever", type=Path, default=RETRIEVER)
    parser.add_argument("--sets", type=Path, default=SETS)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    index = Index.load(options.retriever)
    search, bound = Search(index), load_params().serving.faq_min_probability
    examples = list(read_jsonl(options.sets / "retrieval.jsonl", RetrievalExample))
    sets = {"eval side": retrieval_set(index, examples), **written_questions(search), **measured_questions(search)}
    rules: dict[str, Rule] = {"cosine": cosine_rule, f"hybrid, p ≥ {bound}": hybrid_rule(index, bound)}
    table, console = Table(*HEAD), Console(width=140)
    for name, asked in sets.items():
        for rule, find in rules.items():
            table.add_row(name, rule, *row_of(find, asked))
    console.print(table)
    texts = [(one.text, one.lang) for one in sets["seen half"]]
    console.print(f"{cpu_ms(search, texts):.2f} CPU-ms a search, with a subject")
    if options.show:
        show(sets, rules, console)


def show(sets: dict[str, list[Asked]], rules: dict[str, Rule], console: Console) -> None:
    """Prints what each rule was wrongly sure of; nothing of the sets that only measure."""
    for name, asked in sets.items():
        for rule, find in rules.items():
            for one in asked if name in ("eval side", "seen half") else ():
                found = find(one)
                if found.sure and found.ids[0] not in one.right:
                    console.print(f"{name}, {rule}: {one.text} → {found.ids[0]}, right: {', '.join(one.right) or '–'}")


if __name__ == "__main__":
    main()
