"""Text metrics against values worked out by hand."""

import pytest

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
