"""Yes, no and "never mind" in short messages, by the pack's phrases.

The longest phrase found decides ("没问题" before "没"). A message with a question mark or a long one is
no answer: a confirmation changes something in the shop, so doubt means asking again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kefu.pack import Conversation, Lang

Phrases = Mapping[Lang, Sequence[str]]
SHORT = 24  # characters: longer than any plain yes or no
BEFORE, AFTER = 2, 4  # characters that may stand around a Chinese phrase in its clause ("那 好的 谢谢你")
CLAUSES = re.compile(r"[，。！、,.!;；~\s]+")


def _longest(text: str, phrases: Phrases) -> int:
    """Length of the longest phrase in ``text``.

    Latin phrases must be whole words. Chinese has no word borders ("是" in "我的订单是…"), so there a
    phrase must be nearly all of its clause.
    """
    found = [0]
    for phrase in (p.lower() for group in phrases.values() for p in group):
        if phrase.isascii():
            hit = re.search(rf"(?<![a-z]){re.escape(phrase)}(?![a-z])", text)
        else:
            around = rf".{{0,{BEFORE}}}{re.escape(phrase)}.{{0,{AFTER}}}"
            hit = next(filter(None, (re.fullmatch(around, clause) for clause in CLAUSES.split(text))), None)
        if hit:
            found.append(len(phrase))
    return max(found)


def _short(text: str) -> str:
    plain = text.strip().lower().replace("\u2019", "'")
    return "" if len(plain) > SHORT or "?" in plain or "？" in plain else plain


def yes_or_no(text: str, words: Conversation) -> bool | None:
    """True for a yes, False for a no, None when the message is neither."""
    plain = _short(text)
    yes, no = _longest(plain, words.yes), _longest(plain, words.no)
    return None if yes == no else yes > no


def leaves(text: str, words: Conversation) -> bool:
    """Whether the customer gives up what was being done."""
    return _longest(_short(text), words.leave) > 0
