"""Simplified and traditional Chinese: read as simplified, answered as the customer writes.

Everything behind the assistant (words, classifiers, knowledge) sees simplified characters. Taiwan's standard is
written, as the most common one; words stay as they are, only characters change. Placeholders and order numbers are
Latin and stay untouched. The tables and the segmentation are OpenCC's.
"""

from __future__ import annotations

from functools import cache, lru_cache

import opencc

from kefu.shop.slots import CJK
from serving.sessions.session import Script

ALSO_SIMPLIFIED = str.maketrans({"妳": "你", "裏": "里", "綫": "线", "牀": "床"})  # that OpenCC leaves
QUESTION_MARK = str.maketrans({"幺": "么"})  # 能退么 is simplified already; OpenCC takes its last character for 幺


@lru_cache(maxsize=64)  # one message is asked for several times
def simplified(text: str) -> str:
    """The text in simplified characters."""
    if not CJK.search(text):
        return text
    return _converter("tw2s").convert(text.translate(ALSO_SIMPLIFIED)).translate(QUESTION_MARK)


def traditional(text: str) -> str:
    """The text in traditional characters."""
    return _converter("s2tw").convert(text) if CJK.search(text) else text


def in_script(text: str, script: Script) -> str:
    """A text of the pack, or of a model, as the customer writes."""
    return traditional(text) if script == "traditional" else text


def script_of(text: str, current: Script) -> Script:
    """The script of a message; most Chinese characters are the same in both, and then it stays ``current``."""
    differs_from_simplified = _differing(text, simplified(text))
    if not differs_from_simplified and current == "simplified":
        return current  # nearly always, and the table for the other question takes 36 MB
    differs_from_traditional = _differing(text, traditional(text))
    if differs_from_simplified == differs_from_traditional:
        return current
    return "traditional" if differs_from_simplified > differs_from_traditional else "simplified"


def _differing(text: str, converted: str) -> int:
    return sum(one != other for one, other in zip(text, converted, strict=False))


@cache
def _converter(table: str) -> opencc.OpenCC:
    return opencc.OpenCC(table)
