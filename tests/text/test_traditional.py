"""Traditional characters are read as simplified ones, place for place."""

from __future__ import annotations

from serving.dialogue.reading.script import SIMPLIFIED, TRADITIONAL, simplified, traditional


def test_each_character_has_one_other_and_no_length_changes():
    assert len(TRADITIONAL) == len(SIMPLIFIED) == len(set(TRADITIONAL))
    assert not set(TRADITIONAL) & set(SIMPLIFIED)
    assert simplified("請問這個多少錢？QM2611") == "请问这个多少钱？QM2611"


def test_words_of_the_shop_survive_the_way_there_and_back():
    for text in ("什么价格", "我要退货", "发票开错了", "保温便当盒", "快递到哪里了"):
        assert simplified(traditional(text)) == text
