"""What holds of every quote, whatever the basket, the day, the customer and the offers."""

from decimal import Decimal
from itertools import combinations

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kefu.paths import ROOT
from kefu.shop.promotions import KINDS
from serving.dialogue.pricing.records import Coupon
from tests.pricing.conftest import PRODUCTS
from tests.pricing.oracle import cheapest

SKUS = [row["sku"] for row in PRODUCTS]
PRICES = {row["sku"]: row["price"] for row in PRODUCTS}
FEW = ["BD-101", "BD-102", "BD-107", "KA-201", "ST-503", "TW-403"]
OF_THE_DEMO = yaml.safe_load((ROOT / "shop/promotions.yaml").read_text(encoding="utf8"))

baskets = st.lists(st.tuples(st.sampled_from(FEW + SKUS), st.integers(1, 5)), min_size=1, max_size=5)
days = st.sampled_from([f"2026-11-{n:02}" for n in range(8, 32) if n < 31] + ["2026-12-15", "2027-01-15"])
levels = st.sampled_from([None, "basic", "silver", "gold"])
money = st.integers(1, 60000).map(lambda n: Decimal(n) / 100)
coupons = st.lists(
    st.builds(Coupon, spend=st.sampled_from([Decimal(n) for n in (1, 99, 129, 199, 399)]) | money,
              amount_off=st.sampled_from([Decimal(n) for n in (5, 15, 20, 50)]) | money,
              expires_on=st.sampled_from(["2026-11-10", "2026-11-20", "2027-12-31"])),
    max_size=3,
)  # fmt: skip
points = st.integers(0, 20000)
percents = st.integers(1, 6000).map(lambda n: Decimal(n) / 100)  # 12.35 %: sums that have to be rounded


@st.composite
def offers(draw) -> list[dict]:
    """Some offers of one day; which kinds add up is drawn, and written in both."""
    kinds = draw(st.lists(st.sampled_from(KINDS[:6]), max_size=5))
    kinds = [k for i, k in enumerate(kinds) if k not in ("coupon", "points") or k not in kinds[:i]]
    pairs = {
        frozenset(pair) for pair in [*combinations(KINDS[:6], 2), *((k, k) for k in KINDS[:6])] if draw(st.booleans())
    }
    found = []
    for i, kind in enumerate(kinds):
        rule: dict = {"kind": kind}
        some = draw(st.lists(st.sampled_from(FEW), unique=True, max_size=4))
        if kind == "flash_sale":
            rule["prices"] = {sku: draw(st.integers(1, 300)) for sku in some or FEW[:1]}
        elif kind == "quantity_discount":
            low, high = sorted(draw(st.lists(percents, unique=True, min_size=2, max_size=2)))
            first = draw(st.integers(1, 3))
            rule["tiers"] = [
                {"pieces": first, "percent_off": low},
                {"pieces": first + draw(st.integers(1, 3)), "percent_off": high},
            ]
        elif kind == "member_day":
            rule |= {"day_of_month": 15, "percent_off": {"silver": draw(percents), "gold": draw(percents)}}
        elif kind == "threshold":
            off = draw(st.integers(1, 60))
            rule |= {"spend": off + draw(st.integers(0, 300)), "amount_off": off, "each": draw(st.booleans())}
            if rule["each"] and draw(st.booleans()):
                rule["max_amount_off"] = off * draw(st.integers(1, 3))
        elif kind == "points":
            rule |= {"points_per_yuan": draw(st.sampled_from([1, 30, 100, 250])), "max_percent": draw(percents)}
        found.append({
            "id": f"{kind}{i}", "title": {"zh": kind, "en": kind}, "detail": {"zh": kind, "en": kind},
            "starts": "2026-11-01", "ends": "2026-11-30", "rule": rule,
            "products": [] if kind == "flash_sale" else some,
            "stacks_with": [k for k in KINDS[:6] if frozenset((k, kind)) in pairs],
        })  # fmt: skip
    return found


def cents(amount: Decimal) -> int:
    assert amount == amount.quantize(Decimal("0.01"))
    return int(amount * 100)


@settings(deadline=None)
@given(baskets, days, levels, coupons, points)
def test_the_demos_offers_cost_what_the_oracle_says(pricing, basket, day, level, held, spent):
    quote = pricing.quote(basket, day, level, held, spent)
    triples = [(c.spend, c.amount_off, c.expires_on) for c in held]
    assert cents(quote.total) == cheapest(basket, OF_THE_DEMO, PRICES, day, level, triples, spent)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(offers(), baskets, levels, coupons, points)
def test_any_offers_cost_what_the_oracle_says(pricing_of, promotions, basket, level, held, spent):
    quote = pricing_of(promotions).quote(basket, "2026-11-15", level, held, spent)
    triples = [(c.spend, c.amount_off, c.expires_on) for c in held]
    assert cents(quote.total) == cheapest(basket, promotions, PRICES, "2026-11-15", level, triples, spent)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(offers(), baskets, levels, coupons, points, st.randoms())
def test_a_quote_adds_up(pricing_of, promotions, basket, level, held, spent, random):
    pricing = pricing_of(promotions)
    quote = pricing.quote(basket, "2026-11-15", level, held, spent)
    assert 0 <= quote.total <= quote.list_total == sum(line.price * line.pieces for line in quote.lines)
    assert quote.total == quote.list_total - sum(step.off for step in quote.steps)
    assert quote.total == sum(line.paid for line in quote.lines)
    assert all(0 <= line.paid <= line.amount for line in quote.lines)
    assert all(step.off > 0 for step in quote.steps)
    assert [KINDS.index(step.kind) for step in quote.steps] == sorted(KINDS.index(step.kind) for step in quote.steps)
    assert all(hint.missing_amount > 0 for hint in quote.hints if hint.missing_amount is not None)
    shuffled = random.sample([(sku, 1) for sku, number in basket for _ in range(number)], k=sum(n for _, n in basket))
    assert pricing.quote(shuffled, "2026-11-15", level, held, spent) == quote


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(offers(), baskets, levels, coupons, coupons, points)
def test_a_coupon_more_never_costs_more(pricing_of, promotions, basket, level, held, more, spent):
    pricing = pricing_of(promotions)
    before = pricing.quote(basket, "2026-11-15", level, held, spent).total
    assert pricing.quote(basket, "2026-11-15", level, [*held, *more], spent).total <= before


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(offers(), baskets, levels, coupons, points, points)
def test_more_points_never_cost_more(pricing_of, promotions, basket, level, held, few, more):
    pricing = pricing_of(promotions)
    before = pricing.quote(basket, "2026-11-15", level, held, few).total
    assert pricing.quote(basket, "2026-11-15", level, held, few + more).total <= before


fifty_off_399 = st.builds(Coupon, st.just(Decimal(399)), st.just(Decimal(50)), st.just("2027-12-31"))


@settings(deadline=None)
@given(baskets, days, levels, st.lists(fifty_off_399, max_size=1))
def test_a_missing_amount_is_the_smallest_that_helps(pricing, basket, day, level, held):
    """Money added to the lines that a coupon counts makes it usable at exactly the hint's amount."""
    quote = pricing.quote(basket, day, level, held)
    for hint in quote.hints:
        if hint.kind == "coupon":
            assert quote.total + hint.missing_amount == hint.spend


@pytest.mark.parametrize("basket", [[], [("BD-101", 0)], [("BD-101", -1)], [("XX-1", 1)]])
def test_a_basket_that_is_none_is_refused(pricing, basket):
    with pytest.raises(ValueError, match="^basket: "):
        pricing.quote(basket, "2026-11-16")


def test_half_a_cent_is_rounded_up_once_an_offer(pricing_of):
    """2.5 % of 119.00 is 2.975; of two such products together 5.95, not twice 2.98."""
    tiers = [{"pieces": 1, "percent_off": Decimal("2.5")}]
    words = {"zh": "", "en": ""}
    days = {"starts": "2026-11-01", "ends": "2026-11-30"}
    rule = {"kind": "quantity_discount", "tiers": tiers}
    pricing = pricing_of([{"id": "small", "title": words, "detail": words, "rule": rule, **days}])
    assert pricing.quote([("BD-101", 1)], "2026-11-16").total == Decimal("116.02")
    assert pricing.quote([("BD-101", 1), ("BD-108", 1)], "2026-11-16").total == Decimal("232.05")
