"""The audit says the truth however often it is looked at, and a broken promise closes what it was built on."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from data.labeling.autolabel import certify_rule, evidence
from data.labeling.guarantee import report
from data.labeling.guarantee.audit import Audit, audit
from data.labeling.guarantee.audit_ledger import AuditEntry
from data.labeling.guarantee.e_values import evidence_below, evidence_of_a_fall, lower_bound
from data.labeling.labeler import OutOfFoldPrediction
from kefu.schema import TurnKey
from kefu.shop.part import Text
from pipelines.params import load_params
from tests.fixtures.browser import overflow

TARGET, LEVEL, DRAWS, DAYS, A_DAY = 0.97, 0.95, 100, 30, 40
PARAMS = load_params().autolabel


@cache
def kept() -> list[Audit]:
    """Audits of worlds in which the guarantee is just kept."""
    return [judged(world(seed, [TARGET] * DAYS)) for seed in range(DRAWS)]


def world(seed: int, precision: list[float], prefix: str = "d", turns: int = 1) -> list[AuditEntry]:
    """Audited turns of some days: predicted 'a'; a fifth were not accepted and are mostly wrong.

    turns: of a dialogue; these are accepted together and right or wrong together.
    """
    draw, rows = np.random.default_rng(seed), []
    for day, share in enumerate(precision):
        for turn in range(A_DAY):
            if turn % turns == 0:
                accepted = bool(draw.random() < 0.8)
                right = draw.random() < (share if accepted else 0.5)
            name = f"{prefix}{day:02d}-{turn // turns}"
            rows.append(
                AuditEntry(
                    dialogue_id=name,
                    turn=2 * turn + (not right),
                    day=f"2026-11-{day + 1:02d}",
                    predicted="a",
                    confidence=0.9,
                    accepted=accepted,
                    version="1",
                )
            )
    return rows


def truth(rows: list[AuditEntry]) -> dict[TurnKey, str]:
    """Odd turns are those where the machine was wrong."""
    return {row.key: "b" if row.turn % 2 else "a" for row in rows}


def judged(rows: list[AuditEntry]) -> Audit:
    return audit(rows, truth(rows), TARGET, LEVEL, DAYS)


def test_a_kept_promise_is_seldom_called_broken_though_it_is_tested_every_day() -> None:
    assert sum(found.broken for found in kept()) <= binom.ppf(0.999, DRAWS, 1 - LEVEL)


def test_dialogues_that_are_wrong_as_a_whole_do_not_make_it_cry_wolf() -> None:
    """And counted turn by turn they would."""
    worlds = [world(seed, [TARGET] * 10, turns=8) for seed in range(50)]
    apart = [
        [row.model_copy(update={"dialogue_id": f"{row.dialogue_id}#{row.turn}"}) for row in rows] for rows in worlds
    ]
    kept, cried = (sum(judged(rows).broken for rows in some) for some in (worlds, apart))
    assert kept <= binom.ppf(0.999, len(worlds), 1 - LEVEL) < cried


def test_looking_every_day_with_a_test_for_one_look_would_cry_wolf() -> None:
    """So the test above can fail."""
    cried = 0
    for found in kept():
        right = total = 0
        for day in found.days:
            right, total = right + day.right, total + day.accepted
            cried += binom.cdf(right, total, TARGET) < 1 - LEVEL
            if binom.cdf(right, total, TARGET) < 1 - LEVEL:
                break
    assert cried > binom.ppf(0.999, DRAWS, 1 - LEVEL)


def test_a_broken_promise_is_noticed_within_days() -> None:
    needed = []
    for seed in range(50):
        days = judged(world(seed, [0.88] * DAYS)).days
        needed.append(next((n for n, day in enumerate(days, 1) if day.evidence >= np.log(20)), DAYS + 1))
    assert np.median(needed) <= 9


def test_a_fall_after_good_days_is_noticed_too() -> None:
    noticed = [judged(world(seed, [0.99] * 12 + [0.85] * 12)).broken for seed in range(40)]
    assert sum(noticed) >= 36


def test_the_running_bound_holds_at_all_days_at_once() -> None:
    violated = sum(any(day.bound_so_far > TARGET for day in found.days) for found in kept())
    assert violated <= binom.ppf(0.999, DRAWS, 1 - LEVEL)
    assert np.mean([found.days[-1].bound_so_far for found in kept()]) > 0.94


def test_only_accepted_turns_count_and_days_are_told_apart() -> None:
    found = judged(world(1, [1.0, 0.5]))
    assert [day.day for day in found.days] == ["2026-11-01", "2026-11-02"]
    assert found.days[0].precision == 1 and found.days[1].precision < 0.8
    assert all(day.accepted < day.drawn == A_DAY for day in found.days)
    assert found.metrics()["audit.accepted"] == sum(day.accepted for day in found.days)


def test_turns_without_an_answer_say_nothing() -> None:
    rows = world(1, [0.9] * 3)
    assert audit(rows, {}, TARGET, LEVEL, DAYS) == Audit([], broken=False)


def said(rows: list[AuditEntry], confidence: float) -> list[OutOfFoldPrediction]:
    answers = truth(rows)
    return [
        OutOfFoldPrediction(
            dialogue_id=r.dialogue_id,
            turn=r.turn,
            intent=answers[r.key],
            predicted="a",
            confidence=confidence,
        )
        for r in rows
    ]


def test_a_broken_promise_counts_only_its_own_days_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """An old month of flawless reviews does not outvote a bad week."""
    old = [row.model_copy(update={"turn": row.turn // 2 * 2}) for row in world(2, [1.0] * 20, "old")]
    bad = [row.model_copy(update={"day": "2026-12-01"}) for row in world(3, [0.8] * 7)]
    found = judged(bad)
    assert found.broken
    reviewed = said(old, 0.99) + said(bad, 0.99)
    day_of = {row.dialogue_id: row.day for row in [*old, *bad]}
    pulled = [row.key for row in bad]
    trusted = evidence(reviewed, pulled, bad, day_of, found, PARAMS)
    assert trusted.sum() == len(bad)
    assert "THE GUARANTEE IS BROKEN" in caplog.text
    assert certify_rule(reviewed, trusted, PARAMS).coverage == 0
    still = evidence(reviewed, pulled, bad, day_of, Audit([], broken=False), PARAMS)
    assert (
        certify_rule([j for j in reviewed if j.dialogue_id.startswith("old")], still[: len(old)], PARAMS).coverage == 1
    )


def test_without_enough_random_turns_all_are_used_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    rows = world(4, [1.0] * 5)
    pulled = [row.key for row in rows]
    assert evidence(said(rows, 0.9), pulled, rows[:50], {}, Audit([], broken=False), PARAMS).all()
    assert "only 50 reviewed turns" in caplog.text


@pytest.mark.parametrize(("drawn", "used"), [(151, 200), (152, 152)])
def test_random_turns_are_relied_on_once_they_could_certify_anything(drawn: int, used: int) -> None:
    """One too few, all right, would accept nothing."""
    reviewed = [
        OutOfFoldPrediction(dialogue_id=f"d{n}", turn=0, intent="a", predicted="a", confidence=0.9) for n in range(200)
    ]
    asked = [TurnKey(j.dialogue_id, 0) for j in reviewed]
    rows = [
        AuditEntry(dialogue_id=d, turn=0, day="", predicted="a", confidence=0.9, accepted=True, version="1")
        for d, _ in asked
    ]
    trusted = evidence(reviewed, asked, rows[:drawn], {}, Audit([], broken=False), PARAMS)
    assert trusted.sum() == used
    assert certify_rule(reviewed, trusted, PARAMS).coverage == 1


def test_certainty_grows_with_evidence() -> None:
    assert lower_bound(0, 0, 0.05) == 0
    assert lower_bound(99, 1, 0.05) < lower_bound(990, 10, 0.05) < lower_bound(9900, 100, 0.05) < 0.99
    assert evidence_below(97, 3, TARGET) < 0 < evidence_below(85, 15, TARGET)


def test_the_page_tells_the_promise_and_the_days(tmp_path: Path) -> None:
    rows = world(6, [1.0] * 4 + [0.7] * 4)
    found, reviewed = judged(rows), said(rows, 0.9)
    trusted = np.ones(len(reviewed), dtype=bool)
    points = report.curve(reviewed, trusted, LEVEL)
    assert [round(point[0], 2) for point in points[:2]] == [0.05, 0.1]
    assert all(bound <= precision <= 1 for _, precision, bound in points)
    closed = certify_rule(reviewed, trusted, PARAMS)
    intents = report.by_intent(reviewed, trusted, closed, PARAMS)
    assert [(row.intent, row.turns, row.coverage) for row in intents] == [("a", len(rows), 0.0)]
    report.write(tmp_path / "report.html", closed, intents, points, found, PARAMS, {"a": Text(zh="甲", en="<A>")})
    page = (tmp_path / "report.html").read_text(encoding="utf8")
    assert "Nothing is accepted" in page and "The guarantee is broken" in page
    assert page.count("2026-11-0") == len(found.days) + 2  # and the day since when, in both languages
    assert "&lt;A&gt;" in page and "below the promise" not in page  # nothing accepted has no precision
    weak = [report.IntentRow("a", 100, 0.9, 0.5, 0.9, 0.8), report.IntentRow("b", 100, 0.9, 0.5, 0.99, 0.95)]
    report.write(tmp_path / "weak.html", closed, weak, points, found, PARAMS, {})
    assert (tmp_path / "weak.html").read_text(encoding="utf8").count("below the promise") == 1
    assert overflow(tmp_path / "weak.html") == {}


def test_a_promise_just_kept_gains_the_gambler_nothing() -> None:
    """Evidence of a fall is an e-value: at most 1 on average."""
    draw = np.random.default_rng(0)
    gains = []
    for _ in range(4000):
        days = [(right, 30 - right) for right in draw.binomial(30, TARGET, 5)]
        gains.append(np.exp(evidence_of_a_fall(days, TARGET, 28)))
    assert np.mean(gains) <= 1.05
