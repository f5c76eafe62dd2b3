"""The conversation's language: the first words decide, and only a clear sentence in another language changes it.

"OK", a number, a product's name or a Latin abbreviation say nothing about the language of who writes them.
"""

from __future__ import annotations

import re

from kefu.shop.part import Lang
from kefu.shop.slots import CJK
from kefu.text.placeholders import PLACEHOLDER

WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
SAYS_NOTHING = frozenset(
    {"ok", "okay", "okey", "okk", "yes", "no", "hi", "hello", "hey", "bye", "thx", "thanks", "ty", "app", "vip", "qq"}
)
CLEAR = 3  # English words that make a sentence


def language_of(text: str, current: Lang, first: bool) -> Lang:
    """The language to answer a redacted message in.

    Args:
        current: the conversation's language so far.
        first: whether nothing was said before: then any word counts.
    """
    plain = PLACEHOLDER.sub(" ", text)
    if CJK.search(plain):
        return "zh"
    words = [word.lower() for word in WORD.findall(plain)]
    telling = [word for word in words if word not in SAYS_NOTHING]
    if first:
        return "en" if words else current
    return "en" if telling and len(words) >= CLEAR else current
