"""The acceptance rule keeps its promise on data whose truth is known."""

import numpy as np
import pytest
from scipy.stats import binom

from data.label.acceptance import REST, Acceptance, at_random, choose
from data.label.bound import lower_bound

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


def biased_review(
    seed: int, days: int = 5, per_day: int = 1200
) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Days on which people review what yesterday's machine was unsure of, and a hash-drawn tenth of everything.

    Returns predicted intents, confidence, correctness of the reviewed turns, and which of them chance chose.
    Yesterday's confidence tells more than today's: turns that were unsure are worse at the same confidence.
    """
    draw, parts = np.random.default_rng(seed), []
    for _ in range(days):
        hard = draw.random(per_day) < 0.25
        confidence = draw.beta(5, 1, per_day)
        correct = draw.random(per_day) < np.where(hard, confidence**4, 1 - (1 - confidence) / 3)
        drawn = draw.random(per_day) < 0.1
        reviewed = drawn | (draw.random(per_day) < np.where(hard, 0.8, 0.05))
        parts.append((confidence[reviewed], correct[reviewed], drawn[reviewed]))
    confidence, correct, drawn = (np.concatenate(column) for column in zip(*parts, strict=True))
    return ["a"] * len(confidence), confidence, correct, drawn


def true_biased_precision(rule: Acceptance) -> float | None:
    draw = np.random.default_rng(0)
    confidence = draw.beta(5, 1, 400_000)
    worth = 0.25 * confidence**4 + 0.75 * (1 - (1 - confidence) / 3)
    taken = confidence >= min(rule.thresholds.get("a", 2.0), rule.thresholds.get(REST, 2.0))
    return float(worth[taken].mean()) if taken.any() else None


def test_the_promise_holds_when_people_mostly_review_what_was_unsure() -> None:
    """On the turns that chance chose; on all reviewed turns it would accept far less."""
    broken, covered, pessimistic = 0, [], []
    for seed in range(DRAWS):
        intents, confidence, correct, drawn = biased_review(seed)
        chosen = [intent for intent, d in zip(intents, drawn, strict=True) if d]
        rule = choose(chosen, confidence[drawn], correct[drawn], TARGET, LEVEL)
        precision = true_biased_precision(rule)
        broken += precision is not None and precision < TARGET
        covered.append(rule.coverage)
        if seed < 20:
            pessimistic.append(choose(intents, confidence, correct, TARGET, LEVEL).coverage)
    assert broken <= binom.ppf(0.999, DRAWS, 1 - LEVEL)
    assert np.mean(covered) > np.mean(pessimistic) + 0.2


def test_what_chance_chose() -> None:
    turns = [("d", 0), ("d", 2), ("e", 0)]
    assert at_random(turns, pulled=[("d", 2), ("e", 0)], drawn=[("e", 0)]).tolist() == [True, False, True]
