"""Is what a model would tell from the passages that it is shown about the question, as often as it is probable?

    python -m benchmarks.knowledge.passages [--retriever store/retriever] [--sets store/sets]

Questions of which the search is unsure (no entry at ``serving.candidate_min_probability``): only these reach a model.
A reader that cannot choose tells each passage that it is shown, word for word; and, as a model that knows answers by
heart, one entry drawn from the whole index, of which what has 0.1 is counted. How often what serving says under a bound
(``serving/knowledge/relevance.py``) answers. Sets: see ``benchmarks.knowledge``. Results:
docs/measurements/knowledge.md.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.knowledge.__main__ import Asked, measured_questions, retrieval_set, written_questions
from kefu.io import read_jsonl
from kefu.knowledge.index import Hit, Index, KnowledgeEntry
from kefu.knowledge.search import Search, features
from kefu.metrics.calibration import expected_calibration_error
from kefu.paths import RETRIEVER, SETS
from kefu.schema import RetrievalExample
from pipelines.params import load_params
from serving.knowledge.relevance import Relevance
from serving.knowledge.static import TOP, StaticKnowledge

BOUNDS = (0.1, 0.2, 0.3, 0.4, 0.5)
HEAD = ("set", "reach a model", "told", "right", *(f"said at {bound}: right" for bound in BOUNDS), "ECE", "by heart")


class Told(NamedTuple):
    """An answer. probability: that it answers the question; None: it says nothing of its own."""

    probability: float | None
    right: bool


def hits_of(index: Index, asked: Asked) -> list[Hit]:
    """What the search finds for a question whose entry may be taken out."""
    entries = {entry.id: entry for entry in index.of(asked.lang)}
    scores = index.confidence.scores(asked.evidence.signals)
    best = index.confidence.probability(features(asked.evidence, scores, asked.lang))
    order = np.argsort(-scores, kind="stable")[:TOP]
    shares = np.exp(scores[order] - scores[order[0]])
    return [Hit(entries[asked.ids[i]], float(scores[i]), best * float(p)) for i, p in zip(order, shares, strict=True)]


def told(asked: Asked, answer: KnowledgeEntry, relevance: Relevance, index: Index) -> Told:
    """An entry's own words in answer to a question: of entries that say the same, all are told."""
    same = {entry.id for entry in index.of(asked.lang) if entry.answer == answer.answer}
    return Told(relevance.probability(answer.answer), bool(same & asked.right))


def rows(index: Index, search: Search, sets: dict[str, list[Asked]], unsure: float) -> Iterator[list[str]]:
    """Args: unsure: probability of the best entry, from which no model is asked."""
    knowledge, draw = StaticKnowledge(search, {}), random.Random(7)
    for name, questions in sets.items():
        found = [(asked, hits_of(index, asked)) for asked in questions]
        reached = [(asked, hits) for asked, hits in found if hits[0].probability < unsure]
        answers, by_heart = list[Told](), list[Told]()
        for asked, hits in reached:
            shown = [hit for hit in hits if hit.entry.kind != "query"]
            relevance = Relevance(knowledge, shown, asked.lang, unsure)
            answers += [told(asked, hit.entry, relevance, index) for hit in shown]
            by_heart.append(told(asked, draw.choice(index.of(asked.lang)), relevance, index))
        own = [(one.probability, one.right) for one in answers if one.probability is not None]
        said = [[right for p, right in own if p >= bound] for bound in BOUNDS]
        heard = sum((one.probability or 0) >= BOUNDS[0] for one in by_heart)
        yield [
            name,
            str(len(reached)),
            str(len(own)),
            f"{np.mean([right for _, right in own]):.2f}",
            *(f"{len(some)}: {np.mean(some):.2f}" if some else "0" for some in said),
            f"{expected_calibration_error(*zip(*own, strict=True)):.3f}",
            f"{heard} of {len(by_heart)}",
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retriever", type=Path, default=RETRIEVER)
    parser.add_argument("--sets", type=Path, default=SETS)
    options = parser.parse_args()
    index, serving = Index.load(options.retriever), load_params().serving
    search = Search(index)
    examples = list(read_jsonl(options.sets / "retrieval.jsonl", RetrievalExample))
    sets = {"eval side": retrieval_set(index, examples), **written_questions(search), **measured_questions(search)}
    table = Table(*HEAD)
    for row in rows(index, search, sets, serving.candidate_min_probability):
        table.add_row(*row)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
