"""Whether a message asks what several things come to, after offers and coupons; the pack has the words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import re2

from kefu.shop.pack import Pack
from kefu.shop.quotes import QuoteWords
from kefu.text.regexes import re2_options
from serving.dialogue.pricing.basket import ProductMention, blank_mentions
from serving.dialogue.pricing.quantities import MEASURES, find_quantities, plain

_PIECES = MEASURES.replace("块", "").replace("对", "")  # 295块 is money, 295对吗 a question
# Not the number of pieces, a measure, a percentage or a date.
AMOUNT = re.compile(
    rf"(?<![\d.])(\d{{2,6}})(?:\.\d+)?(?![\d.])(?!\s*(?:[{_PIECES}号日天点月年岁度升克瓦折%％]|厘米|毫升|公斤|小时|(?:cm|ml|l|kg|g|w|points?|days?|%|off|th|st|nd|rd)\b|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b))",
    re.IGNORECASE,
)

DAY_OF_MONTH = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}\b(?![.,]\d)", re.IGNORECASE
)
# What something may cost: no sum that is to be confirmed.
LIMIT = re.compile(
    r"以内|以下|之内|不超过|不到|低于|预算|\b(?:under|below|within|up to|less than|at most|no more than|budget)\b",
    re.IGNORECASE,
)


def price_words(pack: Pack) -> tuple[str, ...]:
    """Regexes that ask for a price, in all languages; none where the pack tells no sums."""
    quote = pack.conversation.quote
    return tuple(word for words in quote.price_asks.values() for word in words) if quote else ()


class SumQuestions:
    """Recognises questions for a sum."""

    def __init__(self, words: QuoteWords) -> None:
        (
            self._asks,
            self._price_asks,
            self._not_asks,
            self._points,
            self._kept,
            self._coupon,
            self._coupon_again,
            self._named,
            self._checks,
        ) = (
            re2.compile("|".join(f"(?:{p})" for patterns in phrases.values() for p in patterns), re2_options())
            if phrases
            else None
            for phrases in (
                words.asks,
                words.price_asks,
                words.not_asks,
                words.points_asks,
                words.points_kept,
                words.coupon_asks,
                words.coupon_follows,
                words.coupon_names,
                words.checks,
            )
        )

    def is_sum_question(self, text: str, links: Sequence[ProductMention] = ()) -> bool:
        """Whether the message asks for a sum. A price is one when several pieces or products are asked for.

        Args:
            links: the products of the message; their names are not read as words or numbers.
        """
        plain_text = self._without_points(blank_mentions(plain(text), links))
        if self._not_asks and self._not_asks.search(plain_text):
            return False
        if self._asks and self._asks.search(plain_text):
            return True
        if not (self._price_asks and self._price_asks.search(plain_text)):
            return False
        pieces = sum(q.pieces for q in find_quantities(plain_text) if q.form == "said")
        return pieces > 1 or len({link.sku for link in links}) > 1

    def is_excluded(self, text: str) -> bool:
        """Whether the message asks for another sum than what something costs: a refund, a fee."""
        return bool(self._not_asks and self._not_asks.search(self._without_points(plain(text))))

    def wants_points(self, text: str) -> bool:
        """Whether points are to be used."""
        return bool(self._points and self._points.search(plain(text))) and not self.keeps_points(text)

    def keeps_points(self, text: str) -> bool:
        """Whether the customer says that points are not to be used."""
        return bool(self._kept and self._kept.search(plain(text)))

    def names_coupon(self, text: str) -> bool:
        """Whether the message speaks of coupons."""
        return bool(self._named and self._named.search(plain(text)))

    def asks_for_coupon(self, text: str) -> bool:
        """Whether the message asks if a coupon applies to what it names or the conversation is about."""
        return bool(self._coupon and self._coupon.search(plain(text)))

    def goes_on_about_coupon(self, text: str) -> bool:
        """Whether the message asks, right after coupons were told, if one applies to what it names."""
        return bool(self._coupon_again and self._coupon_again.search(plain(text)))

    def checked_amount(self, text: str) -> int | None:
        """The sum that the customer wants confirmed, in yuan: the largest amount of such a message (是295左右对吗)."""
        words = DAY_OF_MONTH.sub(" ", plain(text))
        if LIMIT.search(words) or not (self._checks and self._checks.search(words)):
            return None
        amounts = [int(found[1]) for found in AMOUNT.finditer(words)]
        return max(amounts, default=None)

    def _without_points(self, text: str) -> str:
        for rule in (self._kept, self._points):
            text = rule.sub(" ", text) if rule else text
        return text
