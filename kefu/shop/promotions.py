"""Offers of the shop: words for customers, and the rule by which their sum is computed.

``promotions.yaml`` holds one ``Promotion`` an entry. Its ``rule`` is data, so that ``serving/dialogue/pricing`` can
compute a basket to the cent. An entry without a rule is words only: a quote says that it is not counted in.

Offers apply in the order of ``KINDS``. An offer leaves alone every product that an applied offer, whose kind is not
in its ``stacks_with``, took money off. Both offers have to say the same; ``contradictions`` tells where they do not.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from kefu.shop.part import DataText, Part

Money = Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=2)]
Percent = Annotated[Decimal, Field(gt=0, lt=100, decimal_places=2)]
Pieces = Annotated[int, Field(ge=1)]
# Those that take money off come first, in the order in which they apply.
Kind = Literal[
    "flash_sale", "quantity_discount", "member_day", "threshold", "coupon", "points", "gift", "coupon_grant", "shipping"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
REDUCING_KINDS = KINDS[:6]
ONE_AT_A_TIME: tuple[Kind, ...] = ("coupon", "points", "shipping")
NOTHING_OFF: tuple[Kind | None, ...] = (None, "coupon_grant", "shipping")


class FlashSale(Part):
    """Products at a lower price for some days."""

    kind: Literal["flash_sale"]
    prices: dict[str, Money] = Field(min_length=1, description="SKU → price of one")


class Tier(Part):
    pieces: Pieces = Field(description="from this number of pieces")
    percent_off: Percent


class QuantityDiscount(Part):
    """A percentage that grows with the pieces of the offer's products, mixed freely: 两件9折 三件85折."""

    kind: Literal["quantity_discount"]
    tiers: tuple[Tier, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _grows(self) -> QuantityDiscount:
        for low, high in pairwise(self.tiers):
            if high.pieces <= low.pieces or high.percent_off <= low.percent_off:
                raise ValueError(
                    f"tiers: {high.pieces} pieces, {high.percent_off} % come after {low.pieces} pieces, "
                    f"{low.percent_off} %: write tiers upwards in pieces and percent"
                )
        return self


class MemberDay(Part):
    """A percentage by the customer's level, on one day of each month."""

    kind: Literal["member_day"]
    day_of_month: int = Field(ge=1, le=31)
    percent_off: dict[str, Percent] = Field(min_length=1, description="level → percent; other levels get nothing")


class Threshold(Part):
    """满减: so much off from an amount on, once or each time that the amount is reached."""

    kind: Literal["threshold"]
    spend: Money
    amount_off: Money
    each: bool = Field(description="true: every time `spend` is reached (每满); false: once an order")
    max_amount_off: Money | None = Field(None, description="the most that an order gets off (封顶); None: no limit")

    @model_validator(mode="after")
    def _is_an_offer(self) -> Threshold:
        if self.amount_off > self.spend:
            raise ValueError(f"amount_off: {self.amount_off} is more than spend {self.spend}: exchange them")
        if self.max_amount_off is not None and (not self.each or self.max_amount_off < self.amount_off):
            raise ValueError(
                f"max_amount_off: {self.max_amount_off}: needs each: true, and at least amount_off {self.amount_off}"
            )
        return self


class CouponUse(Part):
    """How the coupons that customers hold are used; what each is worth stands in the shop's database."""

    kind: Literal["coupon"]
    max_per_order: Pieces = 1


class PointsUse(Part):
    """What points are worth at the order, and the largest share that they pay of what remains to be paid."""

    kind: Literal["points"]
    points_per_yuan: Pieces
    max_percent: Annotated[Decimal, Field(gt=0, le=100)]


class GiftRule(Part):
    """A product that comes with each piece, while stocks last."""

    kind: Literal["gift"]
    gift: str = Field(description="SKU of what is given")
    max_pieces: Pieces | None = Field(None, description="gifts an order; None: one with each piece")


class CouponGrant(Part):
    """A coupon that customers are given. It changes no sum until they hold it."""

    kind: Literal["coupon_grant"]
    spend: Money
    amount_off: Money
    valid_days: Pieces


class ShippingRule(Part):
    """The fee of delivery, which no total holds, and the sum to be paid from which it is free."""

    kind: Literal["shipping"]
    free_from: Money
    fee: Money
    remote_free_from: Money = Field(description="the same for remote regions, which `detail` names")
    remote_fee: Money


Rule = Annotated[
    FlashSale
    | QuantityDiscount
    | MemberDay
    | Threshold
    | CouponUse
    | PointsUse
    | GiftRule
    | CouponGrant
    | ShippingRule,
    Field(discriminator="kind"),
]


class Promotion(Part):
    id: str
    title: DataText
    detail: DataText
    starts: str = Field(description="YYYY-MM-DD")
    ends: str = Field(description="YYYY-MM-DD, the last day")
    products: tuple[str, ...] = Field((), description="SKUs; empty: the whole shop")
    rule: Rule | None = Field(None, description="how its sum is computed; None: words only")
    stacks_with: tuple[Kind, ...] = Field((), description="kinds of offers that may come on top on the same product")

    @field_validator("starts", "ends")
    @classmethod
    def _is_a_day(cls, day: str) -> str:
        try:
            is_day = date.fromisoformat(day).isoformat() == day
        except ValueError:
            is_day = False
        if not is_day:
            raise ValueError(f"{day!r} is not a day: write YYYY-MM-DD")
        return day

    @model_validator(mode="after")
    def _fits(self) -> Promotion:
        if self.ends < self.starts:
            raise ValueError(f"promotion {self.id}: ends {self.ends} before it starts, {self.starts}")
        if isinstance(self.rule, FlashSale) and self.products:
            raise ValueError(f"promotion {self.id}: products: rule.prices names them already: leave products out")
        if isinstance(self.rule, GiftRule) and not self.products:
            raise ValueError(f"promotion {self.id}: products: name what the gift comes with")
        if self.kind in NOTHING_OFF and self.stacks_with:
            raise ValueError(f"promotion {self.id}: stacks_with: this offer takes nothing off: leave it out")
        return self

    @property
    def kind(self) -> Kind | None:
        return self.rule.kind if self.rule else None

    def is_running(self, day: str) -> bool:
        """Whether the offer holds on ``day``, YYYY-MM-DD."""
        if isinstance(self.rule, MemberDay) and int(day[8:10]) != self.rule.day_of_month:
            return False
        return self.starts <= day[:10] <= self.ends

    def includes(self, sku: str) -> bool:
        """Whether the offer is about this product."""
        products = self.rule.prices if isinstance(self.rule, FlashSale) else self.products
        return not products or sku in products


def contradictions(promotions: tuple[Promotion, ...]) -> list[str]:
    """Returns what the rules of two offers say against each other; empty when nothing."""
    ids = [promotion.id for promotion in promotions]
    problems = [f"promotion {name}: the id repeats: ids are unique" for name in sorted(set(ids)) if ids.count(name) > 1]
    for one, other in combinations(promotions, 2):
        if not _meet(one, other):
            continue
        if one.kind == other.kind and one.kind in ONE_AT_A_TIME:
            problems.append(f"promotions {one.id}, {other.id}: two rules of kind {one.kind} at a time: keep one")
        elif one.kind in NOTHING_OFF or other.kind in NOTHING_OFF:
            continue
        elif (other.kind in one.stacks_with) != (one.kind in other.stacks_with):
            yes, no = (one, other) if other.kind in one.stacks_with else (other, one)
            problems.append(
                f"promotions {yes.id}, {no.id}: stacks_with: {yes.id} adds up with {no.kind}, "
                f"but {no.id} does not with {yes.kind}: say the same in both"
            )
    return problems


def _meet(one: Promotion, other: Promotion) -> bool:
    """Whether both may apply to one product on one day."""
    if one.starts > other.ends or other.starts > one.ends:
        return False
    mine, theirs = (p.rule.prices if isinstance(p.rule, FlashSale) else p.products for p in (one, other))
    return not mine or not theirs or bool(set(mine) & set(theirs))
