"""Tells a quote in the pack's words: the total, then products, offers in order and gifts; then reasons and hints."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from kefu.shop.part import Lang, Text
from kefu.shop.quotes import AnswerKind, QuoteWords
from serving.dialogue.expressions import render
from serving.dialogue.pricing.records import Quote, Refusal

TWO_DECIMALS = ("amount", "off", "base", "total", "list_total", "paid", "with_fee")


def say_quote(
    quote: Quote, lang: Lang, words: QuoteWords, answer: AnswerKind | None = None, coupons: bool = False
) -> str:
    """Returns the quote with its steps shown, after the answer to a question that it decides.

    Args:
        coupons: the customer speaks of coupons, so that those that expired are told.
    """
    parts = [render(words.line.in_(lang), _values(line, lang)) for line in quote.lines]
    parts += [render(words.steps[step.kind].in_(lang), _values(step, lang)) for step in quote.steps]
    parts += [render(words.gift.in_(lang), _values(gift, lang)) for gift in quote.gifts]
    totals = {"total": f"{quote.total:.2f}", "list_total": f"{quote.list_total:.2f}"}
    total = render(words.total.in_(lang), totals)
    sentences = [f"{total}{words.after_total.in_(lang)}{words.separator.in_(lang).join(parts)}"]
    sentences += [render(words.refusals[r.reason].in_(lang), _values(r, lang)) for r in _told(quote, coupons)]
    sentences += [render(words.hints[hint.kind].in_(lang), _values(hint, lang)) for hint in quote.hints]
    end = words.end.in_(lang)
    if answer:
        coupon = next((step for step in quote.steps if step.kind == "coupon"), None)
        values = totals | (_values(coupon, lang) if coupon else {})
        sentences.insert(0, render(words.answers[answer].in_(lang), values))
    return (end.join(_first_letters_large(dict.fromkeys(sentences))) + end).strip()


def _told(quote: Quote, coupons: bool) -> Iterable[Refusal]:
    """Refusals worth telling. A coupon that expired is told to who speaks of coupons, when no other is in play."""
    has_coupon = "coupon" in {*(step.kind for step in quote.steps), *(hint.kind for hint in quote.hints)}
    return (r for r in quote.refusals if not (r.reason == "expired" and (has_coupon or not coupons)))


def _values(record: Any, lang: Lang) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in vars(record).items():
        if isinstance(value, Text):
            values[name] = value.in_(lang)
        elif isinstance(value, tuple):
            values[name] = ("、" if lang == "zh" else ", ").join(text.in_(lang) for text in value)
        elif isinstance(value, Decimal):
            values[name] = f"{value:.2f}" if name in TWO_DECIMALS else short(value)
        else:
            values[name] = value
    if values.get("percent_off"):
        values["tenths"] = tenths(record.percent_off)
    return values


def short(value: Decimal) -> str:
    """Returns a number without needless zeros: 50, 95.55, 0.5."""
    return f"{value.normalize():f}"


def tenths(percent_off: Decimal) -> str:
    """Returns a percentage as Chinese shops write it: 10 % off is 9 折, 15 % off 85 折, 12.5 % off 8.75 折."""
    rest = 100 - percent_off
    return short(rest) if rest > 10 and rest % 10 and rest == int(rest) else short(rest / 10)


def _first_letters_large(sentences: Iterable[str]) -> list[str]:
    return [sentence[:1].upper() + sentence[1:] for sentence in sentences]
