"""The router on turns of held-out customers: right intents, and confidence that can be believed."""

from __future__ import annotations

from collections import Counter

from evaluation.bootstrap import Sample
from evaluation.candidate import ReleaseUnderTest
from evaluation.items import Items
from evaluation.result import Result, Table
from kefu.metrics.calibration import expected_calibration_error, reliability
from kefu.metrics.classification import accuracy_at_coverage, macro_f1
from kefu.schema import Prediction


def run(release: ReleaseUnderTest, items: Items) -> Result:
    """Accuracy, macro F1, expected calibration error, accuracy on the surest 80 %."""
    tops = [scored[0] for scored in release.router.predict_many([(e.text, e.context) for e in items.router])]
    expected, predicted = [e.intent for e in items.router], [top.intent for top in tops]
    right = [float(p == e) for p, e in zip(predicted, expected, strict=True)]
    confidences = [top.confidence for top in tops]
    predictions = [
        Prediction(
            suite="router",
            id=f"{e.dialogue_id}#{e.turn}",
            question=e.text,
            expected=e.intent,
            predicted=top.intent,
            score=ok,
            model=release.name,
        )
        for e, top, ok in zip(items.router, tops, right, strict=True)
    ]
    return Result(
        samples={"accuracy": Sample.of(right, customers=[e.customer for e in items.router])},
        figures={
            "accuracy_at_80": accuracy_at_coverage(confidences, right, 0.8),
            "ece": expected_calibration_error(confidences, right),
            "macro_f1": macro_f1(expected, predicted),
        },
        predictions=predictions,
        tables={
            "reliability": Table(("confidence", "accuracy", "size"), reliability(confidences, right)),
            "confusion": Table(("actual", "predicted"), list(zip(expected, predicted, strict=True))),
            "errors": Table(("actual", "predicted", "count"), _errors(expected, predicted)),
        },
    )


def _errors(expected: list[str], predicted: list[str]) -> list[tuple[str, str, int]]:
    pairs = Counter((e, p) for e, p in zip(expected, predicted, strict=True) if e != p)
    return [(*pair, count) for pair, count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))]
