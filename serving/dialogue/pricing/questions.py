"""Whether a message asks what several things come to, after offers and coupons; the pack has the words."""

from __future__ import annotations

from collections.abc import Sequence

import re2

from kefu.shop.quotes import QuoteWords
from kefu.text.regexes import re2_options
from serving.dialogue.pricing.basket import ProductMention, blank_mentions
from serving.dialogue.pricing.quantities import find_quantities, plain


class SumQuestions:
    """Recognises questions for a sum."""

    def __init__(self, words: QuoteWords) -> None:
        self._asks, self._price_asks, self._not_asks = (
            re2.compile("|".join(f"(?:{p})" for patterns in phrases.values() for p in patterns), re2_options())
            if phrases
            else None
            for phrases in (words.asks, words.price_asks, words.not_asks)
        )

    def is_sum_question(self, text: str, links: Sequence[ProductMention] = ()) -> bool:
        """Whether the message asks for a sum. A price is one when several pieces or products are asked for.

        Args:
            links: the products of the message; their names are not read as words or numbers.
        """
        plain_text = blank_mentions(plain(text), links)
        if self._not_asks and self._not_asks.search(plain_text):
            return False
        if self._asks and self._asks.search(plain_text):
            return True
        if not (self._price_asks and self._price_asks.search(plain_text)):
            return False
        pieces = sum(q.pieces for q in find_quantities(plain_text) if q.form == "said")
        return pieces > 1 or len({link.sku for link in links}) > 1
