"""The judge weighed against the labeler, in worlds whose truth is known: simulated opinions, the product's own code."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import binom

from data.labeling.guarantee.acceptance import Acceptance, choose
from data.labeling.labeler import OutOfFoldPrediction, arrays
from data.labeling.opinions.combine import Combiner, Opinion, by_turn, fit_opinions, judge_worth
from data.labeling.opinions.judge_sampling import sample_turns
from data.labeling.opinions.opinion_pool import Pool
from kefu.schema import TurnKey
from kefu.split import fraction
from pipelines.params import load_params

PARAMS = load_params().judge.model_copy(update={"min_confidence": 0.3, "max_confidence": 0.97})
CLASSES = ("a", "b", "c", "d")
TARGET, LEVEL, DRAWS, REVIEWED, NEW = 0.9, 0.9, 40, 800, 4000
LABELER, JUDGE = 2.0, 2.5  # how far the right class stands out of noise of deviation 1
NONSENSE = 0.0


def said(truth: np.ndarray, strength: float, random: np.random.Generator) -> np.ndarray:
    """Calibrated probabilities of somebody who hears the truth through noise; nonsense is as loud, of other turns."""
    heard, strength = (random.permutation(truth), JUDGE) if strength == NONSENSE else (truth, strength)
    scores = strength * (np.eye(len(CLASSES))[heard] * strength + random.normal(size=(len(truth), len(CLASSES))))
    return np.asarray(softmax(scores, axis=1))


@dataclass
class World:
    """Reviewed turns come first. A dialogue has two turns; ``share`` of those in the band are judged."""

    truth: np.ndarray
    labeler: np.ndarray
    judged: list[OutOfFoldPrediction]
    opinions: list[Opinion]
    turns: list[TurnKey]

    def combined(self) -> tuple[list[OutOfFoldPrediction], Combiner | None]:
        return combine(self.judged, self.opinions)


def combine(
    judged: list[OutOfFoldPrediction], opinions: list[Opinion]
) -> tuple[list[OutOfFoldPrediction], Combiner | None]:
    return fit_opinions(judged, by_turn(opinions, CLASSES), CLASSES)


def pool_of(combiner: Combiner | None) -> Pool:
    assert combiner is not None
    return combiner.pool


def world(seed: int, strength: float, share: float = 0.6, only_reviewed: bool = False, new: int = NEW) -> World:
    random = np.random.default_rng(seed)
    truth = random.integers(len(CLASSES), size=REVIEWED + new)
    labeler, judge = said(truth, LABELER, random), said(truth, strength, random)
    turns = [TurnKey(f"w{seed}-{i // 2}", i % 2) for i in range(len(truth))]
    confidence = labeler.max(axis=1)
    band = [t for t, c in zip(turns, confidence, strict=True) if PARAMS.min_confidence <= c < PARAMS.max_confidence]
    if only_reviewed:
        asked = set(band) & set(turns[:REVIEWED])
    else:
        asked = set(sample_turns(band, PARAMS.model_copy(update={"turns": int(share * len(band))})))
    judged = [_judged(*x) for x in zip(turns[:REVIEWED], truth[:REVIEWED], labeler[:REVIEWED], strict=True)]
    opinions = [
        Opinion(dialogue_id=t[0], turn=t[1], probabilities=dict(zip(CLASSES, map(float, row), strict=True)))
        for t, row in zip(turns, judge, strict=True)
        if t in asked
    ]
    return World(truth, labeler, judged, opinions, turns)


def _judged(turn: TurnKey, truth: int, row: np.ndarray) -> OutOfFoldPrediction:
    return OutOfFoldPrediction(
        dialogue_id=turn[0],
        turn=turn[1],
        intent=CLASSES[truth],
        predicted=CLASSES[int(row.argmax())],
        confidence=round(float(row.max()), 6),
        probabilities=tuple(round(float(p), 6) for p in row),
    )


def rule_of(judged: list[OutOfFoldPrediction]) -> Acceptance:
    return choose([j.predicted for j in judged], *arrays(judged), [j.dialogue_id for j in judged], TARGET, LEVEL)


def on_new_turns(made: World, rule: Acceptance, combiner: Combiner | None) -> tuple[float, float]:
    """Coverage and precision of the rule on the turns that nobody reviewed."""
    p = made.labeler[REVIEWED:]
    p = combiner(p, made.turns[REVIEWED:]) if combiner else p
    best, sure = p.argmax(axis=1), p.max(axis=1)
    taken = np.array([rule.accepts(CLASSES[k], c) for k, c in zip(best, sure, strict=True)])
    right = best == made.truth[REVIEWED:]
    return float(taken.mean()), float(right[taken].mean()) if taken.any() else 1.0


@cache
def informed() -> World:
    return world(1, JUDGE)


def test_a_judge_that_knows_raises_accuracy_and_coverage() -> None:
    made = informed()
    combined, combiner = made.combined()
    assert combiner is not None
    assert (pool_of(combiner).first, pool_of(combiner).second) == pytest.approx(
        (1, 1), abs=0.35
    )  # both are calibrated here
    assert arrays(combined)[1].mean() > arrays(made.judged)[1].mean() + 0.03
    before, after = on_new_turns(made, rule_of(made.judged), None), on_new_turns(made, rule_of(combined), combiner)
    assert after[0] > before[0] + 0.05
    assert after[1] > TARGET - 0.02


def test_its_confidence_means_what_it_says() -> None:
    made = informed()
    combined, combiner = made.combined()
    assert combiner is not None
    p = combiner(made.labeler, made.turns)[REVIEWED:]
    said = {(o.dialogue_id, o.turn) for o in made.opinions}
    asked = np.array([turn in said for turn in made.turns[REVIEWED:]])
    right = p.argmax(axis=1) == made.truth[REVIEWED:]
    assert p[asked].max(axis=1).mean() == pytest.approx(right[asked].mean(), abs=0.03)
    assert np.array_equal(p[~asked], made.labeler[REVIEWED:][~asked])


def test_loud_nonsense_weighs_next_to_nothing() -> None:
    gains = []
    for seed in range(6):
        made = world(seed, NONSENSE)
        combined, combiner = made.combined()
        assert pool_of(combiner).second < 0.1
        assert arrays(combined)[1].mean() == pytest.approx(arrays(made.judged)[1].mean(), abs=0.015)
        before, after = on_new_turns(made, rule_of(made.judged), None), on_new_turns(made, rule_of(combined), combiner)
        gains.append(after[0] - before[0])
    assert abs(np.mean(gains)) < 0.05  # of one world the threshold may land on the next of the grid


def broken(only_reviewed: bool) -> tuple[int, int]:
    """In how many worlds the promise was broken on new turns, and in how many something was accepted."""
    wrong = accepted = 0
    for seed in range(DRAWS):
        made = world(seed + 10, JUDGE, only_reviewed=only_reviewed)
        combined, combiner = made.combined()
        coverage, precision = on_new_turns(made, rule_of(combined), combiner)
        wrong, accepted = wrong + (precision < TARGET), accepted + (coverage > 0)
    return wrong, accepted


def test_the_promise_is_broken_no_more_often_than_allowed() -> None:
    wrong, accepted = broken(only_reviewed=False)
    assert accepted > DRAWS * 0.8
    assert wrong <= binom.ppf(0.999, DRAWS, 1 - LEVEL)


def test_judging_only_what_was_reviewed_would_break_it() -> None:
    """The test above can fail."""
    assert broken(only_reviewed=True)[0] > binom.ppf(0.999, DRAWS, 1 - LEVEL)


def test_a_turns_confidence_does_not_know_its_own_dialogues_label() -> None:
    made = world(2, JUDGE, new=0)
    name = next(o.dialogue_id for o in made.opinions)
    other = [
        j.model_copy(update={"intent": CLASSES[CLASSES.index(j.intent) - 1]}) if j.dialogue_id == name else j
        for j in made.judged
    ]
    first, second = made.combined()[0], combine(other, made.opinions)[0]
    at = [i for i, j in enumerate(made.judged) if j.dialogue_id == name]
    assert [(first[i].predicted, first[i].probabilities) for i in at] == [
        (second[i].predicted, second[i].probabilities) for i in at
    ]
    assert first != second  # others learned from it


def test_without_opinions_nothing_changes() -> None:
    judged = informed().judged
    assert fit_opinions(judged, {}, CLASSES) == (judged, None)


def test_too_few_reviewed_opinions_are_ignored_aloud(caplog: pytest.LogCaptureFixture) -> None:
    made = informed()
    reviewed = {j.dialogue_id for j in made.judged[:120]}
    few = [o for o in made.opinions if o.dialogue_id in reviewed]
    assert 0 < len(few) < 100
    assert combine(made.judged, few) == (made.judged, None)
    assert "the judge is ignored" in caplog.text and "judge.turns" in caplog.text


def test_the_metrics_tell_whether_it_is_worth_asking() -> None:
    made = informed()
    figures = judge_worth(made.judged, made.opinions, CLASSES)
    assert figures["opinions"] == len(made.opinions) and 100 < figures["reviewed"] < REVIEWED
    assert figures["accuracy.both"] > max(figures["accuracy.judge"], figures["accuracy.labeler"])
    assert figures["right_where_labeler_wrong"] > 10


def test_chance_draws_within_the_budget_and_not_as_the_audit_does() -> None:
    turns = [TurnKey(f"d{i}", 0) for i in range(4000)]
    params = PARAMS.model_copy(update={"turns": 1000})
    drawn = sample_turns(turns, params)
    assert len(drawn) == 1000 and set(drawn) == set(sample_turns(reversed(turns), params))
    audited = [fraction(f"{d}#{i}", params.seed) < 0.25 for d, i in drawn]
    assert np.mean(audited) == pytest.approx(0.25, abs=0.05)
    half = {turn for turn in drawn if int(turn[0][1:]) < 2000}
    assert len(half) == pytest.approx(500, abs=60)
    assert sample_turns(turns[:5], params.model_copy(update={"turns": 9})) and not sample_turns([], params)
