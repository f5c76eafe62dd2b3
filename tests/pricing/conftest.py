"""The demo shop's prices, and packs with other offers."""

import csv
from collections.abc import Callable
from decimal import Decimal

import pytest

from kefu.paths import ROOT
from kefu.shop.pack import Pack
from kefu.shop.promotions import Promotion
from serving.dialogue.pricing.quote import Pricing
from serving.dialogue.pricing.records import Coupon
from tests.fixtures.demo_pack import PACK

with (ROOT / "shop/db/products.csv").open(encoding="utf8", newline="") as file:
    PRODUCTS = list(csv.DictReader(file))


def coupon(spend: str, amount_off: str, expires_on: str = "2026-11-30") -> Coupon:
    return Coupon(Decimal(spend), Decimal(amount_off), expires_on)


@pytest.fixture(scope="session")
def pack() -> Pack:
    return PACK


@pytest.fixture(scope="session")
def pricing(pack: Pack) -> Pricing:
    return Pricing(pack, PRODUCTS)


@pytest.fixture(scope="session")
def pricing_of(pack: Pack) -> Callable[[list[dict]], Pricing]:
    """Makes the pricing of a shop with these promotions, written as in YAML."""

    def make(promotions: list[dict]) -> Pricing:
        offers = tuple(Promotion.model_validate(promotion) for promotion in promotions)
        return Pricing(pack.model_copy(update={"promotions": offers}), PRODUCTS)

    return make
