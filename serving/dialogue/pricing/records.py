"""What goes into a quote and what comes out. Money is ``Decimal`` in whole cents of the shop's currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kefu.errors import KefuError
from kefu.shop.part import Text
from kefu.shop.promotions import Kind
from kefu.shop.quotes import HintKind, RefusalReason

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


class PricingError(KefuError, ValueError):
    """A basket cannot be priced; the message names the product or the field."""


@dataclass(frozen=True)
class Product:
    sku: str
    name: Text
    price: Decimal
    stock: int

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Product:
        """Returns the product of a row with sku, name_zh, name_en, price and stock."""
        name = Text(zh=str(row["name_zh"]), en=str(row["name_en"]))
        return cls(str(row["sku"]), name, Decimal(str(row["price"])).quantize(CENT), int(row["stock"]))


@dataclass(frozen=True, order=True)
class Coupon:
    """A coupon that the customer holds: ``amount_off`` from ``spend`` on."""

    spend: Decimal
    amount_off: Decimal
    expires_on: str  # YYYY-MM-DD, the last day
    is_used: bool = False

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Coupon:
        """Returns the coupon of a row with amount, min_spend, expires_on and, if there is one, used_on."""
        spend, off = (Decimal(str(row[name])).quantize(CENT) for name in ("min_spend", "amount"))
        return cls(spend, off, str(row["expires_on"])[:10], bool(row.get("used_on")))


@dataclass(frozen=True)
class Line:
    """One product of the basket: ``amount`` at list price, ``paid`` its share of the total (for partial refunds)."""

    sku: str
    name: Text
    pieces: int
    price: Decimal
    amount: Decimal
    paid: Decimal


@dataclass(frozen=True)
class Step:
    """An offer that was applied, and how much it took off ``base``, the sum of the lines that it is about."""

    offer: str
    kind: Kind
    title: Text
    base: Decimal
    off: Decimal
    pieces: int
    percent_off: Decimal | None = None
    spend: Decimal | None = None
    amount_off: Decimal | None = None
    each: bool = False
    points: int | None = None
    points_left: int | None = None


@dataclass(frozen=True)
class Refusal:
    """An offer of the day that was not applied.

    Reasons: ``excluded`` by the offers in ``by``; ``dearer``: the total would be higher with it; ``one_an_order``:
    another coupon is used; ``level``: not for this customer's level; ``sign_in``: a stranger's level is
    not known; ``expired``; ``not_counted``: it has no rule.
    """

    offer: str
    kind: Kind | None
    title: Text
    reason: RefusalReason
    by: tuple[Text, ...] = ()
    spend: Decimal | None = None
    amount_off: Decimal | None = None
    expires_on: str | None = None


@dataclass(frozen=True)
class Gift:
    offer: str
    title: Text
    sku: str
    name: Text
    pieces: int


@dataclass(frozen=True)
class Hint:
    """What the customer may want to know: an offer just out of reach, stock, the fee of delivery."""

    kind: HintKind
    title: Text
    missing_amount: Decimal | None = None
    missing_pieces: int | None = None
    spend: Decimal | None = None
    amount_off: Decimal | None = None
    percent_off: Decimal | None = None
    fee: Decimal | None = None
    with_fee: Decimal | None = None
    remote_fee: Decimal | None = None
    stock: int | None = None


@dataclass(frozen=True)
class Quote:
    """A basket's price. ``total`` is ``list_total`` less what each of ``steps`` took off, without delivery."""

    day: str
    lines: tuple[Line, ...]
    steps: tuple[Step, ...]
    refusals: tuple[Refusal, ...]
    gifts: tuple[Gift, ...]
    hints: tuple[Hint, ...]
    list_total: Decimal
    total: Decimal
