"""How Chinese characters, provinces and cities sound, without tones."""

from __future__ import annotations

import os
import re
from functools import lru_cache

# Read when pypinyin is imported: its dictionary of phrases takes 44 MB, a copy of that of characters 2.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")

from pypinyin import Style, pinyin

from kefu.text.chinese_places import CITIES

# Provinces and cities of which a character sounds otherwise than alone: of China's 34 and some 350, these.
PLACES = {
    "佛山": "fo shan",
    "六安": "lu an",
    "厦门": "xia men",
    "喀什": "ka shi",
    "成都": "cheng du",
    "蚌埠": "beng bu",
    "西藏": "xi zang",
    "重庆": "chong qing",
    "长春": "chang chun",
    "长沙": "chang sha",
}


@lru_cache(maxsize=30_000)
def syllable(character: str) -> str:
    """The usual reading of a character; another sign as it is."""
    return pinyin(character, style=Style.NORMAL, heteronym=False)[0][0]


def syllables_of_place(place: str) -> list[str]:
    """The syllables of a province or city: chong, qing."""
    return PLACES[place].split() if place in PLACES else [syllable(character) for character in place]


@lru_cache(maxsize=4096)
def spelled(place: str) -> str:
    """A regex for a province, city or district in pinyin, as English writes it: Xi'an, Wuchang."""
    syllables = r"['’\s]?".join(map(re.escape, syllables_of_place(place)))
    return rf"\b{syllables}\b"


@lru_cache(maxsize=1)
def cities_in_pinyin() -> dict[str, str]:
    """Pinyin → the only city that sounds so: none for Taizhou, of which there are two."""
    found: dict[str, list[str]] = {}
    for city in (*CITIES.split("|"), "北京", "上海", "天津", "重庆"):
        found.setdefault("".join(syllables_of_place(city)), []).append(city)
    return {spelling: cities[0] for spelling, cities in found.items() if len(cities) == 1}
