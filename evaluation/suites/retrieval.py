"""Knowledge retrieval on questions that the index never saw, searched in the question's language as serving does."""

from __future__ import annotations

from evaluation.bootstrap import Sample
from evaluation.candidate import ReleaseUnderTest
from evaluation.items import Items
from evaluation.result import Result
from kefu.metrics.ranking import hit_at, reciprocal_rank
from kefu.schema import Prediction
from kefu.shop.slots import language

TOP = 10


def run(release: ReleaseUnderTest, items: Items) -> Result:
    """Hit@1, hit@3, mean reciprocal rank (of the first ten)."""
    found = [_search(release, example.question) for example in items.retrieval]
    right = [example.entry_id for example in items.retrieval]
    pairs = list(zip(found, right, strict=True))
    ranks = [reciprocal_rank(ids, entry) for ids, entry in pairs]
    predictions = [
        Prediction(
            suite="retrieval",
            id=f"{number}",
            question=example.question,
            expected=example.entry_id,
            predicted=" ".join(ids[:3]),
            score=rank,
            model=release.name,
        )
        for number, (example, ids, rank) in enumerate(zip(items.retrieval, found, ranks, strict=True))
    ]
    return Result(
        samples={
            "hit_at_1": Sample.of([hit_at(1, ids, entry) for ids, entry in pairs]),
            "hit_at_3": Sample.of([hit_at(3, ids, entry) for ids, entry in pairs]),
            "mrr": Sample.of(ranks),
        },
        predictions=predictions,
    )


def _search(release: ReleaseUnderTest, question: str) -> list[str]:
    return [hit.entry.id for hit in release.search.search(question, language(question), top=TOP)]
