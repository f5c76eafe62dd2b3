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


def _longest(text: str, phrases: Phrases) -> int:
    """Length of the longest phrase in ``text``; Latin phrases must be whole words."""
    found = [0]
    for phrase in (p.lower() for group in phrases.values() for p in group):
        latin = phrase.isascii()
        if re.search(rf"(?<![a-z]){re.escape(phrase)}(?![a-z])", text) if latin else phrase in text:
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
