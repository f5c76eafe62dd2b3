"""Metrics against values worked out by hand."""

import numpy as np
import pytest

from evaluation.bootstrap import NotPaired, Sample, paired_bootstrap
from kefu.metrics.classification import accuracy_at, ece, macro_f1, reliability
from kefu.metrics.ranking import hit_at, reciprocal_rank
from kefu.metrics.text import repetition, rouge_l, token_f1, tokens


def test_tokens_are_characters_in_chinese_and_words_in_english() -> None:
    assert tokens("订单[ORDER_1]，iPhone 15到了!") == ["订", "单", "[order_1]", "iphone", "15", "到", "了"]


def test_token_f1() -> None:
    assert token_f1("可以退货", "可以换货") == pytest.approx(3 / 4)  # 可 以 货 of 4 and 4
    assert token_f1("a a b", "a c") == pytest.approx(2 / 5)  # one shared of 3 and 2
    assert (token_f1("", "是"), token_f1("是", ""), token_f1("。", "")) == (0, 0, 1)


def test_rouge_l_minds_the_order() -> None:
    assert rouge_l("a b c d", "a c b d") == pytest.approx(6 / 8)  # longest common subsequence: a b d
    assert rouge_l("d c b a", "a b c d") == pytest.approx(2 / 8)
    assert rouge_l("x", "y") == 0


def test_repetition() -> None:
    assert repetition("一二三四五六七八") == 0
    assert repetition("好的 好的 好的 好的", n=2) == pytest.approx(1 - 2 / 7)  # 好的 的好 好的 … : 7 bigrams, 2 kinds
    assert repetition("好") == 0


def test_macro_f1_counts_rare_classes_as_much() -> None:
    # a: 2·3/(3+4), b: 2·0/(1+0)
    assert macro_f1(["a", "a", "a", "b"], ["a", "a", "a", "a"]) == pytest.approx((6 / 7 + 0) / 2)


def test_ece_and_reliability() -> None:
    confidences, right = [0.95, 0.95, 0.55, 0.55], [1.0, 1.0, 1.0, 0.0]
    assert [tuple(b) for b in reliability(confidences, right)] == [(0.55, 0.5, 2), (0.95, 1.0, 2)]
    assert ece(confidences, right) == pytest.approx(0.5 * 0.05 + 0.5 * 0.05)
    assert ece([1.0, 1.0], [0.0, 0.0]) == 1  # sure and wrong
    assert accuracy_at(0.5, confidences, right) == 1
    assert accuracy_at(1.0, confidences, right) == 0.75


def test_ranking() -> None:
    assert [hit_at(k, ["x", "y", "z"], "y") for k in (1, 2, 3)] == [0, 1, 1]
    assert reciprocal_rank(["x", "y"], "y") == 0.5
    assert reciprocal_rank(["x", "y"], "z") == 0


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
