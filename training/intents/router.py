"""Trains and measures the router: intent from what came before, for serving.

It is measured as it is saved, on turns that people labelled, of customers it never saw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kefu.errors import Unusable
from kefu.intents.context import CustomerTurns
from kefu.intents.router import Router
from kefu.intents.train import CALIBRATION_TURNS, fit_classifier, to_pack_examples
from kefu.intents.views import ROUTER_FIELDS, router_views
from kefu.metrics.calibration import expected_calibration_error
from kefu.metrics.classification import accuracy_at_coverage, macro_f1
from kefu.schema import IntentExample
from kefu.shop.wordings.examples import NO_EXAMPLES, PackExamples
from training.params.router import Router as RouterParams


@dataclass(frozen=True)
class RouterQuality:
    """Figures on the held-out turns, and what was taken for what: (intent, predicted) → count."""

    metrics: dict[str, float]
    confusion: Counter[tuple[str, str]]


def train_router(
    examples: Sequence[IntentExample], params: RouterParams, folder: Path, pack_examples: PackExamples = NO_EXAMPLES
) -> None:
    """Trains on the examples of split 'train' and what the pack teaches; writes the model into ``folder``.

    Raises Unusable when people have not labelled turns of two intents yet.
    """
    train = [example for example in examples if example.split == "train"]
    if len({example.intent for example in train}) < 2:
        raise Unusable(
            f"{len(train)} labelled turns to learn from, of fewer than two intents: review what waits "
            "(make review), take it (kefu review pull) and run again"
        )
    fit_classifier(
        [_customer_turns(example) for example in train],
        fields=ROUTER_FIELDS,
        context_turns=max((len(example.context) for example in train), default=0),
        ahead=False,
        calibration_turns=CALIBRATION_TURNS,
        words=pack_examples.words,
        pack_examples=to_pack_examples(pack_examples.utterances, ROUTER_FIELDS),
        **params.model_dump(),
    ).classifier.save(folder)


def _customer_turns(example: IntentExample) -> CustomerTurns:
    """Returns the customer's turns up to the example's; only the last is labelled."""
    samples = router_views(example.text, example.context)
    return CustomerTurns(example.dialogue_id, samples, [*[None] * (len(samples) - 1), example.intent])


def measure_router(router: Router, examples: Sequence[IntentExample]) -> RouterQuality:
    """Measures on the examples of split 'eval'. Raises Unusable when there are none."""
    held_out = [example for example in examples if example.split == "eval"]
    if not held_out:
        raise Unusable("No reviewed turn of a held-out customer: review more, or raise build.eval_share")
    best = [scored[0] for scored in router.predict_many([(e.text, e.context) for e in held_out])]
    truth, predicted = [e.intent for e in held_out], [s.intent for s in best]
    confidence = np.array([s.confidence for s in best])
    correct = np.array(truth) == np.array(predicted)
    metrics = {
        "accuracy": float(correct.mean()),
        "macro_f1": macro_f1(truth, predicted),
        "ece": expected_calibration_error(confidence, correct),
        "accuracy_at_80": accuracy_at_coverage(confidence, correct, 0.8),
        "eval_turns": len(held_out),
    }
    return RouterQuality(metrics, Counter(zip(truth, predicted, strict=True)))
