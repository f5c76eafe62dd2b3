"""Intervals and paired comparisons by bootstrap."""

import numpy as np
import pytest

from evaluation.bootstrap import (
    Comparison,
    NotPaired,
    PowerRule,
    Sample,
    compare_with_tolerance,
    confidence_interval,
    paired_bootstrap,
    power,
    smallest_tolerance,
)


def test_bootstrap_interval_is_the_normal_one_for_many_items() -> None:
    rng = np.random.default_rng(1)
    before = rng.normal(0, 1, 1000)
    difference = rng.normal(0.1, 0.5, 1000)
    found = paired_bootstrap(Sample.of(before + difference), Sample.of(before), seed=7)
    half = 1.96 * difference.std() / np.sqrt(1000)
    assert found.delta == pytest.approx(difference.mean())
    assert (found.low, found.high) == pytest.approx((found.delta - half, found.delta + half), abs=0.005)
    assert found.significant  # paired; unpaired, this much noise would hide it


def test_a_figures_interval_is_that_of_its_customers() -> None:
    """Of a share of 0.7 in 200 answers it is 0.13 wide; ten alike of each customer tell no more than one."""
    share = np.arange(200) % 10 < 7
    low, high = confidence_interval(Sample.of(share), seed=7)
    half = 1.96 * np.sqrt(0.7 * 0.3 / 200)
    assert (low, high) == pytest.approx((0.7 - half, 0.7 + half), abs=0.01)
    who = [f"c{n}" for n in range(200) for _ in range(10)]
    tenfold = confidence_interval(Sample.of(np.repeat(share, 10), customers=who), seed=7)
    assert tenfold == pytest.approx((low, high), abs=0.01)
    assert confidence_interval(Sample.of(share, customers=["c"] * 200), seed=7) == (-np.inf, np.inf)


def test_bootstrap_sees_no_difference_where_there_is_none() -> None:
    same = Sample.of([0.0, 1.0, 1.0])
    found = paired_bootstrap(same, same, seed=7)
    assert (found.delta, found.low, found.high, found.significant) == (0, 0, 0, False)


def clustered(rng: np.random.Generator, customers: int, each: int, shift: float) -> tuple[Sample, Sample]:
    """Two models on ``each`` items of every customer, whose items are all alike."""
    difference = np.repeat(rng.normal(shift, 0.5, customers), each)
    who = [f"c{n}" for n in range(customers) for _ in range(each)]
    before = rng.normal(0, 1, customers * each)
    return Sample.of(before + difference, customers=who), Sample.of(before, customers=who)


def test_items_of_one_customer_are_drawn_together() -> None:
    """Ten items that are alike tell no more than one: the interval is as wide as that of the customers."""
    challenger, champion = clustered(np.random.default_rng(2), customers=200, each=10, shift=0.1)
    found = paired_bootstrap(challenger, champion, seed=7)
    by_item = paired_bootstrap(Sample.of(challenger.values), Sample.of(champion.values), seed=7)
    assert (found.high - found.low) / (by_item.high - by_item.low) == pytest.approx(np.sqrt(10), rel=0.1)


def test_the_interval_holds_the_truth_as_often_as_it_promises() -> None:
    rng = np.random.default_rng(3)
    found = [paired_bootstrap(*clustered(rng, 60, 5, shift=0.1), seed=n, rounds=400) for n in range(300)]
    assert 0.90 <= np.mean([one.low <= 0.1 <= one.high for one in found]) <= 0.985


def test_one_customer_alone_tells_nothing() -> None:
    challenger, champion = clustered(np.random.default_rng(4), customers=1, each=50, shift=5.0)
    found = paired_bootstrap(challenger, champion, seed=7)
    assert (found.low, found.high, found.significant) == (-np.inf, np.inf, False)
    with pytest.raises(NotPaired):  # the same number of items, of other customers
        paired_bootstrap(challenger, Sample.of(champion.values), seed=7)


def test_bootstrap_weighs_items() -> None:
    loss = Sample.of([1.0, 4.0], weights=[3, 1])  # nats a token over 3 tokens and 1 token
    assert loss.mean == pytest.approx(7 / 4)
    with pytest.raises(NotPaired, match="2 items, champion 1"):
        paired_bootstrap(loss, Sample.of([1.0]), seed=7)


RULE = PowerRule(min_power=0.8, min_customers=20)


def verdicts(customers: int, shift: float, tolerance: float, by_item: bool = False) -> list[Comparison]:
    """Of 200 challengers whose true difference is ``shift``."""
    rng, found = np.random.default_rng(5), list[Comparison]()
    for seed in range(200):
        pair = clustered(rng, customers, 5, shift)
        own, other = (Sample.of(one.values) for one in pair) if by_item else pair
        found.append(compare_with_tolerance(paired_bootstrap(own, other, seed, rounds=200), True, tolerance, RULE))
    return found


def test_a_challenger_that_is_worse_by_the_tolerance_is_seldom_shown_to_be_no_worse() -> None:
    """2.5 % of the time; by item, as if the five items of a customer told five times as much, often."""
    wrong = [np.mean([v in ("not worse", "better") for v in verdicts(100, -0.15, 0.15, by)]) for by in (False, True)]
    assert wrong[0] <= 0.06 and wrong[1] >= 0.12


def test_an_equal_challenger_is_not_called_worse_by_chance_where_items_are_few() -> None:
    few, enough = verdicts(25, 0.0, 0.15), verdicts(200, 0.0, 0.15)
    assert few.count("worse") <= 4 and few.count("too few items") > 100
    assert enough.count("worse") <= 20 and enough.count("too few items") == 0


def test_a_challenger_that_is_far_worse_is_seen_by_few_items_too() -> None:
    assert verdicts(25, -1.0, 0.15).count("worse") >= 198


def test_the_smallest_tolerance_is_the_one_of_this_power() -> None:
    found = paired_bootstrap(*clustered(np.random.default_rng(6), 50, 2, 0.0), seed=7)
    assert power(found, smallest_tolerance(found)) == pytest.approx(0.8)
    assert power(found, 1e-9) == pytest.approx(0.025, abs=0.001)


def test_items_can_be_left_out_with_their_customers() -> None:
    sample = Sample.of([1.0, 2.0, 3.0, 4.0], weights=[1, 1, 1, 3], customers=["a", "b", "b", "c"])
    part = sample.where(np.array([False, True, False, True]))
    assert part.mean == pytest.approx(14 / 4) and part.groups.tolist() == [0, 1]
