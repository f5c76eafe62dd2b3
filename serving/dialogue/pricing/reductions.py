"""How much each kind of offer takes off some lines: pure arithmetic, to the cent.

Rounding, once for all: the sum that an offer takes off is rounded half up to a cent, once an offer and not once a
line; what limits an offer (the largest share that points pay) is rounded down. A sum is shared among its lines
in proportion to their amounts, so that the shares add up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from kefu.shop.promotions import (
    CouponUse,
    FlashSale,
    MemberDay,
    PointsUse,
    Promotion,
    QuantityDiscount,
    Threshold,
    Tier,
)
from serving.dialogue.pricing.records import CENT, ZERO, Coupon


@dataclass(frozen=True)
class Customer:
    """What an offer may ask about the customer."""

    level: str | None
    use_points: int


@dataclass(frozen=True)
class Reduction:
    """What is taken off each line; empty: nothing. ``facts`` are fields of ``Step``."""

    off: Mapping[str, Decimal] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return sum(self.off.values(), ZERO)


@dataclass(frozen=True)
class OpenLines:
    """The lines that an offer may reduce: SKU → amount so far, SKU → pieces."""

    amounts: Mapping[str, Decimal]
    pieces: Mapping[str, int]

    @property
    def total(self) -> Decimal:
        return sum(self.amounts.values(), ZERO)

    @property
    def count(self) -> int:
        return sum(self.pieces.values())


def reduce(promotion: Promotion, coupon: Coupon | None, lines: OpenLines, customer: Customer) -> Reduction:
    """Returns what the offer takes off these lines."""
    rule = promotion.rule
    if isinstance(rule, CouponUse) and coupon is not None:
        return _coupon(coupon, lines)
    return REDUCTIONS[type(rule)](rule, lines, customer) if type(rule) in REDUCTIONS else Reduction()


def share(total: Decimal, amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Splits a sum among lines in proportion to their amounts, to the cent; the rest goes to the largest remainders.

    Args:
        total: at most the sum of ``amounts``.
        amounts: SKU → amount, all in whole cents.
    """
    whole = sum(amounts.values(), ZERO)
    exact = {sku: total * amount / whole if whole else ZERO for sku, amount in amounts.items()}
    shares = {sku: value.quantize(CENT, ROUND_DOWN) for sku, value in exact.items()}
    cents = int((total - sum(shares.values(), ZERO)) / CENT)
    for sku in sorted(exact, key=lambda sku: (shares[sku] - exact[sku], sku))[:cents]:
        shares[sku] += CENT
    return shares


def reached_tier(rule: QuantityDiscount, pieces: int) -> Tier | None:
    """Returns the highest tier that so many pieces reach."""
    return next((tier for tier in reversed(rule.tiers) if tier.pieces <= pieces), None)


def _flash_sale(rule: FlashSale, lines: OpenLines, _: Customer) -> Reduction:
    off = {sku: amount - rule.prices[sku] * lines.pieces[sku] for sku, amount in lines.amounts.items()}
    return Reduction({sku: value for sku, value in off.items() if value > 0})


def _quantity_discount(rule: QuantityDiscount, lines: OpenLines, _: Customer) -> Reduction:
    tier = reached_tier(rule, lines.count)
    return _percent(tier.percent_off, lines) if tier else Reduction()


def _member_day(rule: MemberDay, lines: OpenLines, customer: Customer) -> Reduction:
    percent = rule.percent_off.get(customer.level or "")
    return _percent(percent, lines) if percent else Reduction()


def _threshold(rule: Threshold, lines: OpenLines, _: Customer) -> Reduction:
    times = int(lines.total // rule.spend)
    off = rule.amount_off * (times if rule.each else min(times, 1))
    if rule.max_amount_off is not None:
        off = min(off, rule.max_amount_off)
    return _sum(off, lines, spend=rule.spend, amount_off=rule.amount_off, each=rule.each)


def _coupon(coupon: Coupon, lines: OpenLines) -> Reduction:
    off = min(coupon.amount_off, lines.total) if lines.total >= coupon.spend else ZERO
    return _sum(off, lines, spend=coupon.spend, amount_off=coupon.amount_off)


def _points(rule: PointsUse, lines: OpenLines, customer: Customer) -> Reduction:
    most = (lines.total * rule.max_percent / 100).quantize(CENT, ROUND_DOWN)
    points = min(customer.use_points, int(most * rule.points_per_yuan))
    return _sum(
        (Decimal(points) / rule.points_per_yuan).quantize(CENT, ROUND_DOWN),
        lines,
        points=points,
        points_left=customer.use_points - points,
    )


def _percent(percent: Decimal, lines: OpenLines) -> Reduction:
    off = (lines.total * percent / 100).quantize(CENT, ROUND_HALF_UP)
    return _sum(off, lines, percent_off=percent)


def _sum(off: Decimal, lines: OpenLines, **facts: Any) -> Reduction:
    return Reduction(share(off.quantize(CENT), lines.amounts), facts) if off > 0 else Reduction()


REDUCTIONS: dict[type, Callable[[Any, OpenLines, Customer], Reduction]] = {
    FlashSale: _flash_sale,
    MemberDay: _member_day,
    PointsUse: _points,
    QuantityDiscount: _quantity_discount,
    Threshold: _threshold,
}
