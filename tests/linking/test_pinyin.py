"""How places sound, as English writes them."""

from __future__ import annotations

import pytest

from serving.dialogue.linking.pinyin import cities_in_pinyin, syllables_of_place


@pytest.mark.parametrize(
    ("place", "spelled"),
    [
        ("重庆", "chongqing"),
        ("厦门", "xiamen"),
        ("长沙", "changsha"),
        ("成都", "chengdu"),
        ("漯河", "luohe"),
        ("朝阳", "chaoyang"),
        ("西安", "xian"),
        ("呼和浩特", "huhehaote"),
    ],
)
def test_a_city_is_spelled_as_it_is_said_there(place: str, spelled: str) -> None:
    assert "".join(syllables_of_place(place)) == spelled


@pytest.mark.parametrize(("spelled", "city"), [("hangzhou", "杭州"), ("shanghai", "上海"), ("taizhou", None)])
def test_pinyin_means_a_city_where_only_one_sounds_so(spelled: str, city: str | None) -> None:
    assert cities_in_pinyin().get(spelled) == city
