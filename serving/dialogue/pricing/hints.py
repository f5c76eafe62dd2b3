"""What is just out of reach, and what the total does not say: stock and the fee of delivery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from kefu.shop.promotions import CouponUse, Promotion, QuantityDiscount, ShippingRule, Threshold
from serving.dialogue.pricing.records import ZERO, Coupon, Hint, Product
from serving.dialogue.pricing.reductions import OpenLines

Met = tuple[Promotion, Coupon | None, OpenLines]


def hints_for(
    missed: Sequence[Met],
    applied: Sequence[Met],
    products: Sequence[tuple[Product, int]],
    running: Sequence[Promotion],
    total: Decimal,
) -> tuple[Hint, ...]:
    """Returns the hints of a quote.

    Args:
        missed: offers that would take nothing off, with the lines that they met.
        applied: offers that took something off, with the lines that they met.
        products: the basket.
        running: all offers of the day.
        total: what is to be paid.
    """
    found = [hint for met in (*applied, *missed) for hint in _next_steps(*met)]
    return (*found, *_nearest_coupon(missed, applied), *_stock(products), *_shipping(running, total))


def _next_steps(promotion: Promotion, _: Coupon | None, lines: OpenLines) -> Iterator[Hint]:
    """The next tier of pieces, the next amount; only where the basket holds some of the offer already."""
    rule = promotion.rule
    if not lines.amounts:
        return
    if isinstance(rule, QuantityDiscount):
        tier = next((tier for tier in rule.tiers if tier.pieces > lines.count), None)
        if tier:
            missing = tier.pieces - lines.count
            yield Hint("quantity_discount", promotion.title, missing_pieces=missing, percent_off=tier.percent_off)
    elif isinstance(rule, Threshold):
        times = int(lines.total // rule.spend) + 1
        can_grow = times == 1 or (
            rule.each and rule.amount_off * (times - 1) < (rule.max_amount_off or times * rule.spend)
        )
        if can_grow:
            missing_amount = rule.spend * times - lines.total
            off = min(rule.amount_off * times, rule.max_amount_off or rule.amount_off * times)
            yield Hint(
                "threshold", promotion.title, missing_amount=missing_amount, spend=rule.spend * times, amount_off=off
            )


def _nearest_coupon(missed: Sequence[Met], applied: Sequence[Met]) -> Iterator[Hint]:
    """The coupon that the fewest yuan are missing for, of those worth more than the coupons in use."""
    used = sum((coupon.amount_off for _, coupon, _ in applied if coupon), ZERO)
    short = [
        (coupon.spend - lines.total, -coupon.amount_off, coupon, promotion)
        for promotion, coupon, lines in missed
        if coupon
        and isinstance(promotion.rule, CouponUse)
        and coupon.amount_off > used
        and coupon.spend > lines.total > 0
    ]
    if short:
        missing, _, coupon, promotion = min(short, key=lambda entry: entry[:3])
        yield Hint("coupon", promotion.title, missing_amount=missing, spend=coupon.spend, amount_off=coupon.amount_off)


def _stock(products: Sequence[tuple[Product, int]]) -> Iterator[Hint]:
    for product, pieces in products:
        if pieces > product.stock:
            yield Hint("stock", product.name, stock=product.stock)


def _shipping(running: Sequence[Promotion], total: Decimal) -> Iterator[Hint]:
    for promotion in running:
        if isinstance(rule := promotion.rule, ShippingRule):
            if total < rule.free_from:
                yield Hint(
                    "shipping",
                    promotion.title,
                    missing_amount=rule.free_from - total,
                    spend=rule.free_from,
                    fee=rule.fee,
                    with_fee=total + rule.fee,
                    remote_fee=rule.remote_fee,
                )
            elif total < rule.remote_free_from:
                missing = rule.remote_free_from - total
                yield Hint(
                    "shipping_remote", promotion.title, missing, spend=rule.remote_free_from, fee=rule.remote_fee
                )
