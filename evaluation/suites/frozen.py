"""A month's frozen questions (``evaluation/forgetting/frozen_sets.py``): what router, centre and edge still know."""

from __future__ import annotations

from dataclasses import replace

from evaluation.bootstrap import Sample
from evaluation.candidate import ReleaseUnderTest
from evaluation.forgetting.frozen_sets import FrozenSet
from evaluation.items import Items
from evaluation.result import Result
from evaluation.suites import router
from kefu.metrics.text import token_f1
from kefu.schema import Prediction


def run(release: ReleaseUnderTest, items: Items, frozen: FrozenSet) -> Result:
    """Token F1 of the centre's and of the edge's answers, and the router's accuracy where there are turns."""
    samples, predictions = {}, []
    for metric, engine in (("token_f1", "centre"), ("edge_token_f1", "edge")):
        said = _answers(release, items, frozen, engine)
        samples[metric] = Sample.of([p.score for p in said], customers=[e.customer for e in frozen.answers])
        predictions += said
    if frozen.turns:
        routed = router.run(release, replace(items, router=frozen.turns))
        samples["accuracy"] = routed.samples["accuracy"]
        predictions += [
            p.model_copy(update={"suite": frozen.suite, "id": f"router {p.id}"}) for p in routed.predictions
        ]
    return Result(samples, predictions)


def _answers(release: ReleaseUnderTest, items: Items, frozen: FrozenSet, engine: str) -> list[Prediction]:
    answers = release.answers(engine, frozen.answers, items.max_new_tokens)
    return [
        Prediction(
            suite=frozen.suite,
            id=f"{engine} {example.id}",
            question=example.messages[-2].content,
            expected=(expected := example.messages[-1].content),
            predicted=said,
            score=token_f1(said, expected),
            model=release.name,
        )
        for example, said in zip(frozen.answers, answers, strict=True)
    ]
