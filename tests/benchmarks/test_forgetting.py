"""The course of the forgetting benchmark: what a day's set holds, and that backward transfer is what it says."""

from collections import Counter

import pytest

from benchmarks.forgetting.__main__ import A_DAY, LEARNED, Course, day_of, facts, log_of, todays_set
from data.sets.replay import older_rows
from kefu.paths import ROOT
from kefu.shop.pack import load_pack

DAYS, SHARE = 10, 0.3
KNOWN = facts(load_pack(ROOT / "shop"))
LOG = log_of(KNOWN, DAYS)


def test_there_are_questions_for_ten_days_and_none_is_measured_that_was_taught() -> None:
    assert len(LOG) == DAYS * A_DAY * LEARNED
    taught = {row.messages[0].content for row in LOG}
    assert not taught & {question for fact in KNOWN for question in fact.wordings[LEARNED:]}


@pytest.mark.parametrize(("share", "older"), [(0.0, 0), (SHARE, 17)])
def test_a_days_set_is_all_of_the_day_and_some_older_rows(share: float, older: int) -> None:
    rows, rest = todays_set(LOG, DAYS - 1, share, seed=7)
    assert Counter(day_of(row) == DAYS - 1 for row in rows) == Counter({True: A_DAY * LEARNED, False: older})
    assert not set(map(day_of, rest)) & {DAYS - 1} and not {row.id for row in rows} & {row.id for row in rest}
    assert not share or len(rows) + len(rest) == len(LOG)


def test_only_older_rows_are_asked_of_the_champion() -> None:
    rows, _ = todays_set(LOG, DAYS - 1, SHARE, seed=7)
    assert older_rows(rows, 1.0, seed=7) == [row for row in rows if day_of(row) < DAYS - 1]


def test_backward_transfer_is_the_end_minus_the_evening_of_all_days_but_the_last() -> None:
    course = Course({(0, 0): 90.0, (1, 1): 80.0, (2, 2): 10.0, (2, 0): 60.0, (2, 1): 70.0})
    assert course.backward_transfer(3) == -20
