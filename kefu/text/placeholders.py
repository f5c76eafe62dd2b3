"""Placeholders that stand for personal data in redacted text: ``[PHONE_1]``, ``[ID_CARD_2]``.

The one definition of their grammar. ``kefu.privacy.redact`` writes them; everything that reads redacted
text finds them with ``PLACEHOLDER``. The lengths are bounded so that a search takes linear time.
Masks of other publishers, like ``[订单x]``, are not placeholders.
"""

from __future__ import annotations

import re

TYPE_NAME = re.compile(r"[A-Z][A-Z_]{0,30}")
PLACEHOLDER = re.compile(rf"\[({TYPE_NAME.pattern})_(\d{{1,6}})\]")  # groups: type, number
PLACEHOLDER_START = r"\[[A-Z_\d]{0,38}"  # a regex for the beginning of one, for text that arrives in pieces


def without_numbers(text: str) -> str:
    """Returns the text with ``[PHONE]`` for ``[PHONE_2]``: which phone it is does not matter to its topic."""
    return PLACEHOLDER.sub(r"[\1]", text)


def escape_placeholders(text: str) -> str:
    """Returns the text with ［PHONE_2］ for ``[PHONE_2]``.

    For words that come from a shop's data: what somebody wrote there may not be filled with a customer's own.
    """
    return PLACEHOLDER.sub(lambda match: f"［{match[0][1:-1]}］", text) if "[" in text else text
