"""Intervals and paired comparisons by bootstrap."""

import numpy as np
import pytest

from evaluation.bootstrap import NotPaired, Sample, paired_bootstrap


def test_bootstrap_interval_is_the_normal_one_for_many_items() -> None:
    rng = np.random.default_rng(1)
    before = rng.normal(0, 1, 1000)
    difference = rng.normal(0.1, 0.5, 1000)
    found = paired_bootstrap(Sample.of(before + difference), Sample.of(before), seed=7)
    half = 1.96 * difference.std() / np.sqrt(1000)
    assert found.delta == pytest.approx(difference.mean())
    assert (found.low, found.high) == pytest.approx((found.delta - half, found.delta + half), abs=0.005)
    assert found.significant  # paired; unpaired, this much noise would hide it


def test_bootstrap_sees_no_difference_where_there_is_none() -> None:
    same = Sample.of([0.0, 1.0, 1.0])
    found = paired_bootstrap(same, same, seed=7)
    assert (found.delta, found.low, found.high, found.significant) == (0, 0, 0, False)


def test_bootstrap_weighs_items() -> None:
    loss = Sample.of([1.0, 4.0], weights=[3, 1])  # nats a token over 3 tokens and 1 token
    assert loss.mean == pytest.approx(7 / 4)
    with pytest.raises(NotPaired, match="2 items, champion 1"):
        paired_bootstrap(loss, Sample.of([1.0]), seed=7)
