"""The acceptance rule keeps its promise on data whose truth is known."""

import numpy as np
import pytest
from scipy.stats import binom

from data.label.acceptance import REST, Acceptance, choose, lower_bound

TARGET, LEVEL, DRAWS, SIZE = 0.85, 0.9, 200, 1500
# Precision at a confidence in this world: sure predictions of 'b' are worse than they look.
WORTH = {"a": lambda c: c, "b": lambda c: c**3}


def world(draw: np.random.Generator, size: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    intents = draw.choice(["a", "b"], size)
    confidence = draw.beta(5, 1, size)
    worth = np.where(intents == "a", WORTH["a"](confidence), WORTH["b"](confidence))
    return list(intents), confidence, draw.random(size) < worth


INTENTS, CONFIDENCE, _ = world(np.random.default_rng(0), 40_000)
IS_A = np.array(INTENTS) == "a"
TRUE = np.where(IS_A, WORTH["a"](CONFIDENCE), WORTH["b"](CONFIDENCE))


def true_precision(rule: Acceptance) -> float | None:
    """What the rule is really worth, None when it accepts nothing."""
    thresholds = {intent: rule.thresholds.get(intent, rule.thresholds.get(REST, 2.0)) for intent in WORTH}
    taken = np.where(IS_A, thresholds["a"], thresholds["b"]) <= CONFIDENCE
    return float(TRUE[taken].mean()) if taken.any() else None


def test_the_promise_is_broken_no_more_often_than_allowed() -> None:
    broken = accepted = 0
    for seed in range(DRAWS):
        rule = choose(*world(np.random.default_rng(seed + 1), SIZE), TARGET, LEVEL)
        precision = true_precision(rule)
        accepted += precision is not None
        broken += precision is not None and precision < TARGET
    assert accepted > DRAWS * 0.8  # it is not honest by refusing everything
    assert broken <= binom.ppf(0.999, DRAWS, 1 - LEVEL)


def test_picking_the_best_looking_threshold_would_break_it() -> None:
    """The same world without the correction: the test above can fail."""
    broken = 0
    for seed in range(DRAWS):
        intents, confidence, correct = world(np.random.default_rng(seed + 1), SIZE)
        passing = [t for t in np.arange(0.3, 1, 0.005) if correct[confidence >= t].mean() >= TARGET]
        rule = Acceptance(thresholds={REST: min(passing, default=2.0)})
        precision = true_precision(rule)
        broken += precision is not None and precision < TARGET
    assert broken > binom.ppf(0.999, DRAWS, 1 - LEVEL)


def test_intents_with_enough_data_get_their_own_threshold() -> None:
    rule = choose(*world(np.random.default_rng(5), 6000), TARGET, LEVEL)
    assert rule.thresholds["b"] > rule.thresholds["a"]
    assert rule.bound >= TARGET


def test_nothing_is_accepted_when_nothing_is_good_enough() -> None:
    draw = np.random.default_rng(1)
    intents, confidence = ["a"] * 500, draw.random(500)
    rule = choose(intents, confidence, draw.random(500) < 0.5, 0.97, 0.95)
    assert not rule.accepts("a", 1.0)
    assert rule.coverage == 0


@pytest.mark.parametrize(("right", "total", "bound"), [(100, 100, 0.9705), (95, 100, 0.8978), (0, 5, 0.0)])
def test_bound_is_clopper_and_pearsons(right: int, total: int, bound: float) -> None:
    assert lower_bound(right, total, 0.95) == pytest.approx(bound, abs=5e-4)
