"""Words of danger in a message, by the pack's ``danger.yaml``: a person has to see it before anything else is asked.

It does not understand who speaks of whom, or when; where it doubts, a person looks.
"""

from __future__ import annotations

from collections.abc import Mapping

from kefu.shop.conversation import Danger
from serving.dialogue.reading.word_rules import evidence, plain


def danger_in(text: str, kinds: Mapping[str, Danger]) -> str | None:
    """The first kind of danger that the text speaks of."""
    words = plain(text)
    return next((name for name, kind in kinds.items() if evidence(words, kind) is not None), None)
