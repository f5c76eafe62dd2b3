"""The acceptance rule keeps its promise on data whose truth is known."""

from functools import cache

import numpy as np
import pytest
from scipy.stats import binom

from data.labeling.guarantee.acceptance import REST, Acceptance, at_random, choose
from data.labeling.guarantee.confidence_bound import lower_bound, lower_bound_of_dialogues
from kefu.schema import TurnKey

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


def rule_of(intents: list[str], confidence: np.ndarray, correct: np.ndarray, turns: int = 1) -> Acceptance:
    """``turns``: of a dialogue, one after the other."""
    return choose(intents, confidence, correct, [str(i // turns) for i in range(len(intents))], TARGET, LEVEL)


def true_precision(rule: Acceptance) -> float | None:
    """What the rule is really worth, None when it accepts nothing."""
    thresholds = {intent: rule.thresholds.get(intent, rule.thresholds.get(REST, 2.0)) for intent in WORTH}
    taken = np.where(IS_A, thresholds["a"], thresholds["b"]) <= CONFIDENCE
    return float(TRUE[taken].mean()) if taken.any() else None


def test_the_promise_is_broken_no_more_often_than_allowed() -> None:
    broken = accepted = 0
    for seed in range(DRAWS):
        rule = rule_of(*world(np.random.default_rng(seed + 1), SIZE))
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
        passing = [float(t) for t in np.arange(0.3, 1, 0.005) if correct[confidence >= t].mean() >= TARGET]
        rule = Acceptance(thresholds={REST: min(passing, default=2.0)})
        precision = true_precision(rule)
        broken += precision is not None and precision < TARGET
    assert broken > binom.ppf(0.999, DRAWS, 1 - LEVEL)


def test_intents_with_enough_data_get_their_own_threshold() -> None:
    rule = rule_of(*world(np.random.default_rng(5), 6000))
    assert rule.thresholds["b"] > rule.thresholds["a"]
    assert rule.bound >= TARGET


def test_nothing_is_accepted_when_nothing_is_good_enough() -> None:
    draw = np.random.default_rng(1)
    intents, confidence = ["a"] * 500, draw.random(500)
    rule = choose(intents, confidence, draw.random(500) < 0.5, [str(i) for i in range(500)], 0.97, 0.95)
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


@cache
def many_turns() -> tuple[np.ndarray, np.ndarray]:
    """Confidence and precision of turns of those days, reviewed or not."""
    confidence = np.random.default_rng(0).beta(5, 1, 400_000)
    return confidence, 0.25 * confidence**4 + 0.75 * (1 - (1 - confidence) / 3)


def true_biased_precision(rule: Acceptance) -> float | None:
    confidence, worth = many_turns()
    taken = confidence >= min(rule.thresholds.get("a", 2.0), rule.thresholds.get(REST, 2.0))
    return float(worth[taken].mean()) if taken.any() else None


def test_the_promise_holds_when_people_mostly_review_what_was_unsure() -> None:
    """On the turns that chance chose; on all reviewed turns it would accept far less."""
    broken, covered, pessimistic = 0, [], []
    for seed in range(DRAWS):
        intents, confidence, correct, drawn = biased_review(seed)
        chosen = [intent for intent, d in zip(intents, drawn, strict=True) if d]
        rule = rule_of(chosen, confidence[drawn], correct[drawn])
        precision = true_biased_precision(rule)
        broken += precision is not None and precision < TARGET
        covered.append(rule.coverage)
        if seed < 20:
            pessimistic.append(rule_of(intents, confidence, correct).coverage)
    assert broken <= binom.ppf(0.999, DRAWS, 1 - LEVEL)
    assert np.mean(covered) > np.mean(pessimistic) + 0.2


def flat(seed: int, turns: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """2,000 turns in dialogues of ``turns``, right or wrong as a whole and no better at greater confidence.

    A dialogue's turns have one confidence, as those of an easy or a hard one nearly have.
    """
    draw, dialogues = np.random.default_rng(seed), 2000 // turns
    confidence, correct = draw.beta(5, 1, dialogues), draw.random(dialogues) < TARGET - 0.03
    return ["a"] * 2000, np.repeat(confidence, turns), np.repeat(correct, turns)


@pytest.mark.parametrize("turns", [2, 5, 10])
def test_dialogues_that_are_right_or_wrong_as_a_whole_do_not_break_the_promise(turns: int) -> None:
    """Nothing is worth accepting here: any rule is a broken promise."""
    broken = sum(rule_of(*flat(seed, turns), turns=turns).coverage > 0 for seed in range(DRAWS))
    assert broken <= binom.ppf(0.999, DRAWS, 1 - LEVEL)


def test_taking_their_turns_for_independent_would_break_it() -> None:
    """The same worlds, every turn a dialogue of its own: the test above can fail."""
    broken = sum(rule_of(*flat(seed, 10)).coverage > 0 for seed in range(DRAWS))
    assert broken > binom.ppf(0.999, DRAWS, 1 - LEVEL)


def test_audited_turns_beside_whole_dialogues_do_not_break_it_either() -> None:
    broken = 0
    for seed in range(DRAWS):
        alone, whole = flat(seed, 1), flat(seed + DRAWS, 10)
        names = [f"alone {i}" for i in range(2000)] + [f"whole {i // 10}" for i in range(2000)]
        confidence, correct = (np.concatenate(pair) for pair in zip(alone[1:], whole[1:], strict=True))
        broken += choose(["a"] * 4000, confidence, correct, names, TARGET, LEVEL).coverage > 0
    assert broken <= binom.ppf(0.999, DRAWS, 1 - LEVEL)


def test_it_costs_little_where_each_turn_is_right_or_wrong_for_itself() -> None:
    known, single = (
        [rule_of(*world(np.random.default_rng(seed), 6000), turns=turns).coverage for seed in range(20)]
        for turns in (5, 1)
    )
    assert np.mean(single) - 0.05 < np.mean(known) < np.mean(single)


def test_the_bound_counts_turns_or_dialogues_or_what_lies_between() -> None:
    def bound(wrong: list[int], size: int, dialogues: int) -> float:
        return lower_bound_of_dialogues(
            np.array(wrong + [0] * (dialogues - len(wrong))), np.full(dialogues, size), 0.95
        )

    assert bound([1, 1, 1], 1, 100) == pytest.approx(lower_bound(97, 100, 0.95))
    assert bound([5, 5, 5], 5, 100) == pytest.approx(lower_bound(97, 100, 0.95))
    assert bound([], 5, 100) == pytest.approx(lower_bound(100, 100, 0.95))
    assert bound([5, 5, 5], 5, 100) < bound([3, 3, 3, 3, 3], 5, 100) < bound([1] * 15, 5, 100)
    assert bound([1] * 15, 5, 100) < lower_bound(485, 500, 0.95)
    assert bound([5] * 100, 5, 100) == 0 == lower_bound_of_dialogues(np.array([]), np.array([]), 0.95)


def test_what_chance_chose() -> None:
    turns = [TurnKey("d", 0), TurnKey("d", 2), TurnKey("e", 0)]
    assert at_random(turns, pulled=turns[1:], drawn=turns[2:]).tolist() == [True, False, True]
